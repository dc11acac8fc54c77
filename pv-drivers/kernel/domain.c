/* SPDX-License-Identifier: MIT */
/* What this domain was started with, and how it ends. */
#include "base.h"
#include <xen/sched.h>

shared_info_t *shared_info;

/* Its page gives way to the page that is shared with the hypervisor. */
static char shared_page[PAGE_SIZE] __attribute__((aligned(4096)));

long shared_info_map(void)
{
	long rc = va_map(shared_page, start_info_ptr->shared_info | PTE_P | PTE_RW | PTE_AD);

	shared_info = (shared_info_t *)shared_page;
	return rc;
}

void shared_info_unmap(void)
{
	va_map(shared_page, 0);
}

bool is_dom0(void)
{
	return start_info_ptr->flags & SIF_INITDOMAIN;
}

void guest_shutdown(unsigned int reason)
{
	struct sched_shutdown s = {.reason = reason};

	for (;;) {
		HC2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &s);
	}
}

const char *argument_text(const char *name)
{
	const char *s = (const char *)start_info_ptr->cmd_line;
	size_t n = strlen(name);

	for (; *s; s++) {
		bool start = s == (const char *)start_info_ptr->cmd_line || s[-1] == ' ';

		if (start && !memcmp(s, name, n) && s[n] == '=') {
			return s + n + 1;
		}
	}
	return NULL;
}

u64 argument(const char *name, u64 otherwise)
{
	const char *s = argument_text(name);
	u64 v = 0;

	if (!s) {
		return otherwise;
	}
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (u64)(*s - '0');
	}
	return v;
}

bool argument_is(const char *name, const char *text)
{
	const char *s = argument_text(name);
	size_t n = strlen(text);

	return s && !memcmp(s, text, n) && (!s[n] || s[n] == ' ');
}
