/* SPDX-License-Identifier: MIT */
/* What the tools ask of a domain, by a node of the store: to end, or to stop for a while. */
#include "kernel.h"
#include <xen/sched.h>

#define NODE "control/shutdown"

static void asked(void *arg)
{
	static const struct {
		const char *word;
		unsigned int reason;
	} words[] = {{"poweroff", SHUTDOWN_poweroff},
		     {"halt", SHUTDOWN_poweroff},
		     {"reboot", SHUTDOWN_reboot}};
	char word[PLATFORM_VALUE_BYTES];

	if (platform_store_read(NODE, word, sizeof(word)) <= 0) {
		return;
	}
	platform_store_write(NODE, ""); /* we have seen it */
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(word, words[i].word)) {
			print("asked to end: %s\n", word);
			guest_shutdown(words[i].reason);
		}
	}
	if (!strcmp(word, "suspend")) {
		print("asked to suspend\n");
		if (suspend()) {
			print("no memory to suspend with\n");
		}
		return;
	}
	print("asked for what this kernel does not know: %s\n", word);
}

void control_start(void)
{
	platform_store_write("control/feature-poweroff", "1");
	platform_store_write("control/feature-suspend", "1");
	platform_store_write("control/feature-reboot", "1");
	if (platform_store_watch(NODE, asked, NULL)) {
		print("%s cannot be watched\n", NODE);
	}
}
