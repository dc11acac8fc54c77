/* SPDX-License-Identifier: MIT */
/* The list of guests and their histories; see guest.h. Event loop's thread only. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "daemon/guest.h"
#include "daemon/record.h"
#include "daemon/reviver.h"

static struct guest *guests;

struct guest *guest_first(void)
{
	return guests;
}

struct guest *guest_of_domain(uint32_t domid)
{
	struct guest *g;

	for (g = guests; g; g = g->next) {
		if (g->domid == domid && domid != DOMID_INVALID) {
			return g;
		}
	}
	return NULL;
}

struct guest *guest_find(const char *who)
{
	struct guest *g;
	char *end;
	unsigned long id;

	for (g = guests; g; g = g->next) {
		if (strcmp(g->file.name, who) == 0) {
			return g;
		}
	}
	id = strtoul(who, &end, 10);
	return isdigit((unsigned char)*who) && !*end && id < DOMID_INVALID ? guest_of_domain(id)
									   : NULL;
}

static unsigned int guest_count(int only_off, struct guest **oldest)
{
	unsigned int count = 0;
	struct guest *g;

	*oldest = NULL;
	for (g = guests; g; g = g->next) {
		if (only_off && g->state != GUEST_OFF) {
			continue;
		}
		count++;
		/* New guests come to the front. */
		*oldest = g;
	}
	return count;
}

static void uuid_new(uint8_t uuid[16])
{
	if (getrandom(uuid, 16, GRND_NONBLOCK) != 16) {
		/* The kernel has no entropy yet: uniqueness is all that is asked for. */
		struct timespec ts;

		clock_gettime(CLOCK_REALTIME, &ts);
		memcpy(uuid, &ts, 16);
	}
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

struct guest *guest_add(struct guest_file *file, const char *text, size_t bytes, struct err *e)
{
	struct guest *g, *oldest;

	if (guest_count(0, &oldest) >= GUEST_LIMIT) {
		err_set(e, ERR_HOST, "domusd looks after %d guests already", GUEST_LIMIT);
		return NULL;
	}
	g = calloc(1, sizeof(*g));
	if (!g || !(g->text = strndup(text, bytes))) {
		free(g);
		err_set(e, ERR_NO_MEMORY, "out of memory");
		return NULL;
	}
	g->file = *file;
	memset(file, 0, sizeof(*file));
	g->domid = DOMID_INVALID;
	uuid_new(g->uuid);
	g->next = guests;
	guests = g;
	return g;
}

void guest_drop(struct guest *g)
{
	struct guest **p = &guests;

	while (*p && *p != g) {
		p = &(*p)->next;
	}
	if (*p) {
		*p = g->next;
	}
	if (g->console) {
		console_free(g->console);
	}
	reviver_free(g);
	guest_file_free(&g->file);
	free(g->text);
	free(g);
}

void guest_remove(struct guest *g)
{
	record_delete(g->file.name);
	guest_drop(g);
}

void guest_forget_oldest(void)
{
	struct guest *oldest;

	while (guest_count(1, &oldest) > GUEST_OFF_LIMIT) {
		guest_remove(oldest);
	}
}

void guest_happened(struct guest *g, const char *fmt, ...)
{
	struct guest_event *event = &g->history[g->event_count++ % GUEST_HISTORY];
	va_list ap;

	event->when_s = time(NULL);
	va_start(ap, fmt);
	vsnprintf(event->what, sizeof(event->what), fmt, ap);
	va_end(ap);
}
