/* SPDX-License-Identifier: MIT */
/* Names and numbers of guests' devices; see guest_device.h. Pure, no lock. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "guest_device.h"
#include "size.h"

enum {
	XVD_MAJOR = 202,
	XVD_SHORT = 16,     /* disks whose number is major and minor, with 16 partitions each */
	XVD_LONG = 1 << 28, /* marks the numbers of the others, with 256 each */
	LOCAL_OR_GROUP = 1, /* the bit of a MAC's first byte that means more than one receiver */
};

unsigned int disk_handle(unsigned int index)
{
	return index < XVD_SHORT ? XVD_MAJOR << 8 | index << 4 : XVD_LONG | index << 8;
}

int disk_index(unsigned int handle)
{
	unsigned int i;

	for (i = 0; i < GUEST_DISK_LIMIT; i++) {
		if (disk_handle(i) == handle) {
			return i;
		}
	}
	return -1;
}

const char *disk_target(unsigned int index, char buf[DISK_TARGET_BYTES])
{
	snprintf(buf, DISK_TARGET_BYTES, "xvd%c", 'a' + (int)(index % GUEST_DISK_LIMIT));
	return buf;
}

int disk_target_parse(const char *text)
{
	return strncmp(text, "xvd", 3) == 0 && text[3] >= 'a' && text[3] <= 'z' && !text[4]
		       ? text[3] - 'a'
		       : -1;
}

int mac_parse(const char *text, uint8_t m[MAC_BYTES])
{
	int end = 0;

	if (strlen(text) != MAC_TEXT_BYTES - 1 ||
	    strspn(text, "0123456789abcdefABCDEF:") != MAC_TEXT_BYTES - 1 ||
	    sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1], &m[2], &m[3], &m[4],
		   &m[5], &end) != MAC_BYTES ||
	    end != MAC_TEXT_BYTES - 1) {
		return -1;
	}
	return (m[0] & LOCAL_OR_GROUP) || !(m[0] | m[1] | m[2] | m[3] | m[4] | m[5]) ? -1 : 0;
}

const char *mac_format(const uint8_t m[MAC_BYTES], char buf[MAC_TEXT_BYTES])
{
	snprintf(buf, MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		 m[5]);
	return buf;
}

/* The prefix is Xen's own; below it stand 24 bits of the hash of number and index. */
void mac_derive(const uint8_t uuid[16], unsigned int index, uint8_t mac[MAC_BYTES])
{
	uint8_t number = (uint8_t)index;
	uint32_t hash = hash_bytes(hash_bytes(HASH_START, uuid, 16), &number, 1);

	hash ^= hash >> 24;
	mac[0] = 0x00;
	mac[1] = 0x16;
	mac[2] = 0x3e;
	mac[3] = hash >> 16;
	mac[4] = hash >> 8;
	mac[5] = hash;
}

uint32_t hash_bytes(uint32_t hash, const void *data, size_t bytes)
{
	const uint8_t *byte = data;

	while (bytes--) {
		hash = (hash ^ *byte++) * 16777619u;
	}
	return hash;
}

int rate_parse(const char *text, uint64_t *bytes_s)
{
	static const struct unit units[] = {
		{"kbit/s", 125}, {"Mbit/s", 125000}, {"Gbit/s", 125000000}};

	return unit_parse(text, units, sizeof(units) / sizeof(units[0]), RATE_LIMIT_BYTES_S,
			  bytes_s) ||
			       !*bytes_s
		       ? -1
		       : 0;
}

const char *rate_format(uint64_t bytes_s, char buf[RATE_TEXT_BYTES])
{
	snprintf(buf, RATE_TEXT_BYTES, "%llukbit/s", (unsigned long long)bytes_s / 125);
	return buf;
}

int link_name_valid(const char *text)
{
	size_t len = strlen(text), i;

	if (!len || len > LINK_NAME_BYTES || strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
		return 0;
	}
	for (i = 0; i < len; i++) {
		if (!isgraph((unsigned char)text[i]) || strchr("/:", text[i])) {
			return 0;
		}
	}
	return 1;
}
