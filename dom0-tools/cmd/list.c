/* SPDX-License-Identifier: MIT */
/* domus list: one line per guest, ended ones with the reason. No lock. */
#include "cmd/verb.h"
#include "lib/cells.h"

int list_run(const struct call *c, struct err *e)
{
	json_t *o = verb_get(c, "/v1/guests", e);

	if (!o) {
		return -1;
	}
	if (!verb_print(c, o)) {
		output_table(stdout, json_object_get(o, "guests"), list_columns, list_column_count);
	}
	json_decref(o);
	return 0;
}
