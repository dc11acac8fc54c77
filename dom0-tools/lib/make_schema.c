/* SPDX-License-Identifier: MIT */
/* Prints the table of a guest file's keys as a JSON Schema; run by `make schema`. No lock. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/guest_schema.h"

int main(void)
{
	char *text = schema_json(&guest_file_schema);

	if (!text) {
		return 1;
	}
	puts(text);
	free(text);
	return 0;
}
