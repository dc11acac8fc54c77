/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line: words "name" or "name=value", each handed to the OPTION() of that
 * name, wherever in the tree it stands. Unknown words and bad values are reported, never fatal.
 */
#include "options.h"
#include "boot/boot.h"
#include "lib/lib.h"

static void apply_word(char *word, const struct option *table, size_t count, bool report)
{
	char *value = strchr(word, '=');

	if (value) {
		*value++ = 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, table[i].name)) {
			continue;
		}
		if (table[i].parse(value ? value : "", table[i].arg) && report) {
			printk(LOG_WARN "Option %s: bad value \"%s\" ignored\n", word,
			       value ? value : "");
		}
		return;
	}
	if (report) {
		printk(LOG_WARN "Unknown option \"%s\" ignored\n", word);
	}
}

void options_apply(const char *cmdline, const struct option *table, size_t count, bool report)
{
	static char word[1024]; /* boot only: one CPU */

	while (*cmdline) {
		size_t n = 0;

		while (*cmdline == ' ') {
			cmdline++;
		}
		while (*cmdline && *cmdline != ' ') {
			if (n < sizeof(word) - 1) {
				word[n++] = *cmdline;
			}
			cmdline++;
		}
		word[n] = 0;
		if (n) {
			apply_word(word, table, count, report);
		}
	}
}

int parse_size(const char *s, const char **end, u64 *bytes)
{
	static const char suffixes[] = "BKMGT";
	u64 n = str_to_u64(s, end);
	unsigned int shift = 10;
	const char *suffix;

	if (*end == s) {
		return -EINVAL;
	}
	if (**end == '%') {
		shift = 0;
	} else if (**end) {
		suffix = strchr(suffixes, **end >= 'a' ? **end - ('a' - 'A') : **end);
		if (suffix && *suffix) {
			shift = (unsigned int)(suffix - suffixes) * 10;
			(*end)++;
		}
	}
	if (n > (~0ull >> 1) >> shift) {
		return -EINVAL;
	}
	*bytes = n << shift;
	return 0;
}

#ifndef DOMUS_HOST_TEST
extern const struct option __options_start[], __options_end[];

void options_parse(const char *cmdline, bool report)
{
	options_apply(cmdline, __options_start, (size_t)(__options_end - __options_start), report);
}
#endif
