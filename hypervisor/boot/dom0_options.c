/* SPDX-License-Identifier: MIT */
/* Options: dom0_mem, dom0_max_vcpus. Boot only. */
#include "dom0_options.h"
#include "lib/lib.h"
#include "lib/option.h"
#include "options.h"

#define DEFAULT_SPARE_PAGES (128ull << 20 >> PAGE_SHIFT)
#define MAX_VCPUS           128u

struct dom0_mem dom0_mem_option;
static struct dom0_vcpus vcpus = {1, MAX_VCPUS};

/* One size; *end behind it. */
static int parse_mem_size(const char *s, const char **end, struct mem_size *m)
{
	u64 n;

	*m = (struct mem_size){.set = true, .negative = *s == '-'};
	s += m->negative;
	if (parse_size(s, end, &n)) {
		return -EINVAL;
	}
	if (**end == '+' && !m->negative) {
		m->bytes = n;
		if (parse_size(*end + 1, end, &n) || **end != '%') {
			return -EINVAL;
		}
	}
	if (**end == '%') {
		if (n > 100 || m->negative) {
			return -EINVAL;
		}
		m->percent = (u32)n;
		(*end)++;
	} else {
		m->bytes = n;
	}
	return 0;
}

int dom0_mem_parse(const char *s, void *dom0_mem)
{
	struct dom0_mem r = {.size = {0}};

	for (;;) {
		struct mem_size *m = &r.size;

		if (!strncmp(s, "min:", 4)) {
			m = &r.min;
			s += 4;
		} else if (!strncmp(s, "max:", 4)) {
			m = &r.max;
			s += 4;
		}
		if (m->set || parse_mem_size(s, &s, m)) {
			return -EINVAL;
		}
		if (!*s) {
			*(struct dom0_mem *)dom0_mem = r;
			return 0;
		}
		if (*s++ != ',') {
			return -EINVAL;
		}
	}
}

static u64 in_pages(const struct mem_size *m, u64 total, u64 available)
{
	u64 pages = m->bytes >> PAGE_SHIFT;

	if (m->negative) {
		return pages < available ? available - pages : 0;
	}
	return pages + total * m->percent / 100;
}

bool dom0_mem_decide(const struct dom0_mem *o, u64 total, u64 available, u64 *pages, u64 *limit)
{
	*pages = o->size.set ? in_pages(&o->size, total, available)
			     : available - MIN(available / 16, DEFAULT_SPARE_PAGES);
	*limit = DOM0_NO_LIMIT;
	if (o->min.set) {
		*pages = MAX(*pages, in_pages(&o->min, total, available));
	}
	if (o->max.set) {
		*limit = in_pages(&o->max, total, available);
		*pages = MIN(*pages, *limit);
	}
	return *pages <= available;
}

int dom0_vcpus_parse(const char *s, void *dom0_vcpus)
{
	u64 low, high;
	const char *end = s;

	low = str_to_u64(s, &end);
	if (end == s) {
		low = 1;
	}
	high = low;
	if (*end == '-') {
		s = ++end;
		high = str_to_u64(s, &end);
		if (end == s) {
			high = MAX_VCPUS;
		}
	}
	if (*end || !low || low > high) {
		return -EINVAL;
	}
	*(struct dom0_vcpus *)dom0_vcpus = (struct dom0_vcpus){(unsigned int)MIN(low, MAX_VCPUS),
							       (unsigned int)MIN(high, MAX_VCPUS)};
	return 0;
}

unsigned int dom0_vcpus_wanted(unsigned int host_cpus)
{
	return MIN(MAX(host_cpus, vcpus.min), vcpus.max);
}

OPTION(dom0_mem, dom0_mem_parse, &dom0_mem_option);
OPTION(dom0_max_vcpus, dom0_vcpus_parse, &vcpus);
