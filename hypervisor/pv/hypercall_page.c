/* SPDX-License-Identifier: MIT */
/*
 * The hypercall page: one stub of 32 bytes for each hypercall number. Kernels that have one call
 * into it instead of executing SYSCALL themselves. SYSCALL destroys rcx and r11: the stub saves
 * them.
 */
#include <xen/xen.h>
#include "lib/lib.h"
#include "mm/pagetype.h"
#include "pv/pv.h"

#define STUB_BYTES 32u
#define INT3       0xcc
/* Where `mov $n, %eax` has its number, in both stubs below. */
#define CALL_NR 4
#define IRET_NR 5

int hypercall_page_install(struct domain *d, mfn_t m)
{
	int rc = frame_get_and_type(m, &d->mm, FT_WRITABLE);

	if (!rc) {
		hypercall_page_fill(mfn_to_virt(m));
		frame_put_and_type(m);
	}
	return rc;
}

void hypercall_page_fill(void *page)
{
	static const u8 call[] = {
		0x51, 0x41, 0x53,          /* push %rcx; push %r11 */
		0xb8, 0,    0,    0,    0, /* mov $nr, %eax */
		0x0f, 0x05,                /* syscall */
		0x41, 0x5b, 0x59, 0xc3,    /* pop %r11; pop %rcx; ret */
	};
	/* Jumped to, not called; the iret frame starts with rax, r11, rcx. */
	static const u8 iret[] = {
		0x51, 0x41, 0x53, 0x50,    /* push %rcx; push %r11; push %rax */
		0xb8, 0,    0,    0,    0, /* mov $nr, %eax */
		0x0f, 0x05,                /* syscall */
	};

	memset(page, INT3, PAGE_SIZE);
	for (unsigned int nr = 0; nr < PAGE_SIZE / STUB_BYTES; nr++) {
		u8 *stub = (u8 *)page + nr * STUB_BYTES;

		if (nr == __HYPERVISOR_iret) {
			memcpy(stub, iret, sizeof(iret));
			stub[IRET_NR] = (u8)nr;
		} else {
			memcpy(stub, call, sizeof(call));
			stub[CALL_NR] = (u8)nr;
		}
	}
}
