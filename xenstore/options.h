/* SPDX-License-Identifier: MIT */
/* domus-xenstored's command line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "quota.h"

struct options {
	const char *socket;
	uint32_t max_clients;
	bool no_domains, detach;
	struct limits limits;
};

/** Fills in what the command line says, else the defaults. -1: go on; else exit with that code. */
int options_parse(struct options *o, int argc, char **argv);
