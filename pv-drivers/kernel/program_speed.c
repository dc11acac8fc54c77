/* SPDX-License-Identifier: MIT */
/*
 * test=speed: measures its first disk, and its first network between the addresses ip=A and peer=B,
 * where `micro serve` of tests/bench answers, or another kernel that has the word serve=1. Each
 * measure is a line "micro NAME VALUE OPERATIONS" with the mean ns of an operation, as those of
 * micro, which does the same on Linux.
 */
#include "speed.h"

enum { NAMES_BYTES = 256 };

void speed_say(const char *name, u64 since_ns, u64 count)
{
	u64 ns = system_time() - since_ns;

	print("micro %s %lu %lu\n", name, count ? ns / count : 0, count);
}

/* The path of the first device of a kind; false: there is none. */
static bool first_of(const char *folder, char path[PLATFORM_PATH_BYTES])
{
	static char names[NAMES_BYTES];
	size_t used = strlen(folder);
	int bytes = store_list(folder, names, sizeof(names));

	if (bytes <= 0 || used + 1 + strlen(names) >= PLATFORM_PATH_BYTES) {
		return false;
	}
	memcpy(path, folder, used);
	path[used] = '/';
	memcpy(path + used + 1, names, strlen(names) + 1);
	return true;
}

void program_speed(void)
{
	char path[PLATFORM_PATH_BYTES];

	claim("what is there is measured");
	if (first_of("device/vbd", path)) {
		speed_disk(path);
	}
	if (first_of("device/vif", path)) {
		if (argument("serve", 0)) {
			speed_serve(path);
		} else {
			speed_net(path);
		}
	}
	claims_end();
}
