/* SPDX-License-Identifier: MIT */
/* domus list: one line per guest, ended ones with the reason. No lock. */
#include "cmd/verb.h"
#include "lib/cells.h"

int list_run(const struct call *c, struct err *e)
{
	return verb_table(c, verb_get(c, "/v1/guests", e), "guests", list_columns,
			  list_column_count);
}
