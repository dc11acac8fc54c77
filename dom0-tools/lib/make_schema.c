/* SPDX-License-Identifier: MIT */
/* Prints the keys of a guest file, or of the host's, as a JSON Schema; run by `make schema`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/guest_schema.h"
#include "lib/host_schema.h"

int main(int argc, char **argv)
{
	int is_host = argc > 1 && strcmp(argv[1], "host") == 0;
	char *text = schema_json(is_host ? &host_file_schema : &guest_file_schema);

	if (!text) {
		return 1;
	}
	puts(text);
	free(text);
	return 0;
}
