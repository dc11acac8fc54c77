/* SPDX-License-Identifier: MIT */
/* Memory by libxengnttab, or the ordinary one; see own_pages.h. */
#include <stddef.h>
#include <sys/mman.h>
#include <xengnttab.h>

#include "backend/own_pages.h"

enum { PAGE_BYTES = 4096 };

static struct {
	xengntshr_handle *device;
	uint8_t *pages;
	uint32_t refs[OWN_PAGES];
	bool is_granted;
} own;

void own_pages_open(void)
{
	own.device = xengntshr_open(NULL, 0);
}

static uint8_t *pages_make(void)
{
	void *at = NULL;

	if (own.device) {
		at = xengntshr_share_pages(own.device, OWN_DOMID, OWN_PAGES, own.refs, 1);
		own.is_granted = at != NULL;
	}
	if (!at) {
		at = mmap(NULL, (size_t)OWN_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	return at == MAP_FAILED ? NULL : at;
}

uint8_t *own_pages_get(void)
{
	if (!own.pages) {
		own.pages = pages_make();
	}
	return own.pages;
}

bool own_page_ref(const void *at, uint32_t *ref)
{
	size_t page = (uintptr_t)at - (uintptr_t)own.pages;

	page /= PAGE_BYTES;
	if (!own.is_granted || page >= OWN_PAGES) {
		return false;
	}
	*ref = own.refs[page];
	return true;
}
