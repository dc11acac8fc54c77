/* SPDX-License-Identifier: MIT */
/* domus show GUEST: everything about one guest; for people it reads like a guest file. */
#include <stdlib.h>

#include "cmd/verb.h"

int show_run(const struct call *c, struct err *e)
{
	char *target = verb_target(c->argv[0], NULL);
	json_t *o = target ? verb_get(c, target, e) : NULL;

	free(target);
	return verb_data(c, o);
}
