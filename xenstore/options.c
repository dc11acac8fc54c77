/* SPDX-License-Identifier: MIT */
/* domus-xenstored's command line. No state. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "util.h"

#define VERSION         "0.1"
#define DEFAULT_SOCKET  "/run/xenstored/socket"
#define DEFAULT_CLIENTS 4096

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: domus-xenstored [OPTION]...\n"
		"The store that dom0 and its guests share, by xenstore's protocol. Runs in the\n"
		"foreground and logs to stderr; routine lines too if that is the journal.\n\n"
		"  -s, --socket=PATH      the Unix socket for dom0's programs\n"
		"                         (" DEFAULT_SOCKET ")\n"
		"  -c, --max-clients=N    connections to the socket at once (%d)\n"
		"  -n, --no-domains       serve the socket only, also where Xen is present\n"
		"  -d, --detach           return when ready; the daemon goes on in the background\n"
		"  -q, --quota=NAME=N     set a limit, see below\n"
		"  -v, --verbose          log more\n"
		"  -h, --help             print this\n"
		"  -V, --version          print the version\n\n"
		"Limits (those named host- are for dom0):\n",
		DEFAULT_CLIENTS);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		fprintf(to, "  %-22s %10u  %s\n", limit_infos[i].name, limit_infos[i].preset,
			limit_infos[i].help);
	}
	fprintf(to,
		"\nExit codes: 0 stopped by SIGTERM or SIGINT, 1 general, 2 usage, 5 no memory,\n"
		"6 the host lacks what is needed (socket, Xen's devices).\n");
}

static bool parse_quota(struct limits *l, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals && limits_set(l, text, equals - text, equals + 1) == 0) {
		return true;
	}
	fprintf(stderr,
		"domus-xenstored: --quota=%s: not NAME=NUMBER of a known limit; "
		"see --help\n",
		text);
	return false;
}

static bool parse_clients(struct options *o, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n < 1 || n > 65536) {
		fprintf(stderr, "domus-xenstored: --max-clients=%s: not a number from 1 to 65536\n",
			text);
		return false;
	}
	o->max_clients = n;
	return true;
}

int options_parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{"socket", required_argument, NULL, 's'},
		{"max-clients", required_argument, NULL, 'c'},
		{"no-domains", no_argument, NULL, 'n'},
		{"detach", no_argument, NULL, 'd'},
		{"quota", required_argument, NULL, 'q'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*o = (struct options){.socket = DEFAULT_SOCKET, .max_clients = DEFAULT_CLIENTS};
	limits_preset(&o->limits);
	while ((option = getopt_long(argc, argv, "s:c:ndq:vhV", table, NULL)) >= 0) {
		switch (option) {
		case 's':
			o->socket = optarg;
			break;
		case 'c':
			if (!parse_clients(o, optarg)) {
				return EXIT_USAGE;
			}
			break;
		case 'n':
			o->no_domains = true;
			break;
		case 'd':
			o->detach = true;
			break;
		case 'q':
			if (!parse_quota(&o->limits, optarg)) {
				return EXIT_USAGE;
			}
			break;
		case 'v':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'h':
			usage(stdout);
			return EXIT_DONE;
		case 'V':
			puts("domus-xenstored " VERSION);
			return EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "domus-xenstored: unexpected argument '%s'; see --help\n",
			argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}
