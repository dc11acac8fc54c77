/* SPDX-License-Identifier: MIT */
/*
 * Permissions of a node: a list of (domain, rights). The first entry names the owner, who may do
 * everything, and the rights of whoever is not listed; the others give one domain its rights.
 * Invariant: a list has at least one entry and never changes once made (nodes share it). An entry
 * whose epoch is not its domain's present one is stale: it counts as if it were not there, and a
 * stale owner as domain 0 with no rights for others. No lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct owner;

enum perm_bits {
	PERM_NONE = 0,
	PERM_READ = 1,
	PERM_WRITE = 2,
	PERM_OWNER = 4,
	PERM_ALL = PERM_READ | PERM_WRITE | PERM_OWNER,
};

struct perm {
	uint16_t domid;
	uint8_t bits; /* PERM_READ and PERM_WRITE */
	uint32_t epoch;
};

struct perms {
	uint32_t refs;
	uint32_t count;
	struct perm entry[];
};

/* Who asks. Domain 0 may do everything. */
struct who {
	uint16_t domid;
	int32_t target; /* a domain that it stands in for (a device model's guest), or -1 */
};

#define WHO_HOST ((struct who){.domid = 0, .target = -1})

/** A list with only an owner. */
struct perms *perms_new(uint16_t owner, uint8_t others, const struct owner *owners);
/**
 * Reads a sequence of NUL-terminated strings such as "n0", "r5"; marks the domains as mentioned.
 * Returns 0 and a list, or -EINVAL.
 */
int perms_parse(const char *text, size_t len, struct owner *owners, struct perms **perms);
/**
 * Writes the list in the form that perms_parse() reads, stale entries left out, at most size
 * bytes. Returns the length needed.
 */
size_t perms_format(const struct perms *p, const struct owner *owners, char *text, size_t size);
struct perms *perms_ref(struct perms *p);
void perms_put(struct perms *p);
size_t perms_bytes(const struct perms *p);
bool perms_equal(const struct perms *a, const struct perms *b);
/** The rights of who under this list. */
unsigned int perms_rights(const struct perms *p, const struct who *who, const struct owner *owners);
/** The owner that is in force now. */
uint16_t perms_owner(const struct perms *p, const struct owner *owners);
/** What a new node below one with these permissions gets when who creates it: a new reference. */
struct perms *perms_inherit(struct perms *parent, const struct who *who,
			    const struct owner *owners);
