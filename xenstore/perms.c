/* SPDX-License-Identifier: MIT */
/*
 * Lists of permissions; see perms.h for the rules and the invariant. No lock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perms.h"
#include "quota.h"
#include "util.h"

static struct perms *perms_alloc(uint32_t count)
{
	struct perms *p = mem_alloc(sizeof(*p) + count * sizeof(p->entry[0]));

	p->refs = 1;
	p->count = count;
	return p;
}

static bool stale(const struct perm *entry, const struct owner *owners)
{
	return entry->epoch != owners[entry->domid].epoch;
}

struct perms *perms_new(uint16_t owner, uint8_t others, const struct owner *owners)
{
	struct perms *p = perms_alloc(1);

	p->entry[0] = (struct perm){owner, others, owners[owner].epoch};
	return p;
}

struct perms *perms_ref(struct perms *p)
{
	p->refs++;
	return p;
}

void perms_put(struct perms *p)
{
	if (p && --p->refs == 0) {
		free(p);
	}
}

size_t perms_bytes(const struct perms *p)
{
	return p->count * sizeof(p->entry[0]);
}

bool perms_equal(const struct perms *a, const struct perms *b)
{
	if (a == b) {
		return true;
	}
	if (a->count != b->count) {
		return false;
	}
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->entry[i].domid != b->entry[i].domid ||
		    a->entry[i].bits != b->entry[i].bits ||
		    a->entry[i].epoch != b->entry[i].epoch) {
			return false;
		}
	}
	return true;
}

static int parse_entry(const char *text, struct perm *entry)
{
	static const char letters[] = "nrwb"; /* the position is the rights' value */
	const char *letter = *text ? strchr(letters, *text) : NULL;
	unsigned long domid;
	char *end;

	if (!letter || text[1] < '0' || text[1] > '9') {
		return -EINVAL;
	}
	domid = strtoul(text + 1, &end, 10);
	if (*end || domid >= DOMAIN_LIMIT) {
		return -EINVAL;
	}
	entry->domid = domid;
	entry->bits = letter - letters;
	return 0;
}

int perms_parse(const char *text, size_t len, struct owner *owners, struct perms **perms)
{
	uint32_t count = 0;
	struct perms *p;

	if (!len || text[len - 1]) {
		return -EINVAL;
	}
	for (size_t i = 0; i < len; i++) {
		count += !text[i];
	}
	p = perms_alloc(count);
	for (uint32_t i = 0; i < count; i++, text += strlen(text) + 1) {
		struct perm *entry = &p->entry[i];

		if (parse_entry(text, entry)) {
			perms_put(p);
			return -EINVAL;
		}
		entry->epoch = owners[entry->domid].epoch;
		owners[entry->domid].mentioned = true;
	}
	*perms = p;
	return 0;
}

size_t perms_format(const struct perms *p, const struct owner *owners, char *text, size_t size)
{
	size_t len = 0;

	for (uint32_t i = 0; i < p->count; i++) {
		struct perm entry = p->entry[i];
		char one[16];
		size_t n;

		if (stale(&entry, owners)) {
			if (i) {
				continue;
			}
			entry = (struct perm){0, PERM_NONE, 0};
		}
		n = snprintf(one, sizeof(one), "%c%u", "nrwb"[entry.bits & 3], entry.domid) + 1;
		if (len + n <= size) {
			memcpy(text + len, one, n);
		}
		len += n;
	}
	return len;
}

uint16_t perms_owner(const struct perms *p, const struct owner *owners)
{
	return stale(&p->entry[0], owners) ? 0 : p->entry[0].domid;
}

static bool is_meant(const struct who *who, uint16_t domid)
{
	return domid == who->domid || domid == who->target;
}

unsigned int perms_rights(const struct perms *p, const struct who *who, const struct owner *owners)
{
	if (who->domid == 0 || is_meant(who, perms_owner(p, owners))) {
		return PERM_ALL;
	}
	for (uint32_t i = 1; i < p->count; i++) {
		if (is_meant(who, p->entry[i].domid) && !stale(&p->entry[i], owners)) {
			return p->entry[i].bits;
		}
	}
	return stale(&p->entry[0], owners) ? PERM_NONE : p->entry[0].bits;
}

struct perms *perms_inherit(struct perms *parent, const struct who *who, const struct owner *owners)
{
	bool any_stale = false;
	struct perms *p;
	uint32_t n = 1;

	for (uint32_t i = 0; i < parent->count; i++) {
		any_stale |= stale(&parent->entry[i], owners);
	}
	if (!any_stale && (who->domid == 0 || who->domid == parent->entry[0].domid)) {
		return perms_ref(parent);
	}
	p = perms_alloc(parent->count);
	p->entry[0] = parent->entry[0];
	if (stale(&parent->entry[0], owners)) {
		p->entry[0] = (struct perm){0, PERM_NONE, owners[0].epoch};
	}
	if (who->domid) {
		p->entry[0].domid = who->domid;
		p->entry[0].epoch = owners[who->domid].epoch;
	}
	for (uint32_t i = 1; i < parent->count; i++) {
		if (!stale(&parent->entry[i], owners)) {
			p->entry[n++] = parent->entry[i];
		}
	}
	p->count = n;
	return p;
}
