/* SPDX-License-Identifier: MIT */
/*
 * Addresses and page-table entries.
 *
 *   slot (512 GiB each)                                                       guest sees it
 *   256  0xffff800000000000  M2P: u64 per machine frame                       read-only
 *   257  0xffff808000000000  the same frames, for the hypervisor to write     no
 *   258  0xffff810000000000  image; +256 GiB: a window of 2 MiB per CPU       no
 *   259  0xffff818000000000  frame table                                      no
 *   260  0xffff820000000000  direct map of all machine memory, to slot 271    no
 *
 * These entries are the same in every L4 table of every domain: there is one hypervisor map.
 */
#pragma once

#include "lib/types.h"

#define VA_LOW_END  0x0000800000000000ul /* of the lower half */
#define HV_START    0xffff800000000000ul
#define HV_END      0xffff880000000000ul
#define HV_SLOT     256u /* first L4 slot of the hypervisor */
#define HV_SLOTS    16u
#define M2P_VIRT    0xffff800000000000ul
#define M2P_RW_VIRT 0xffff808000000000ul
#define IMAGE_VIRT  0xffff810000000000ul
#define CPUWIN_VIRT 0xffff814000000000ul
#define FRAMES_VIRT 0xffff818000000000ul
#define DIRECT_VIRT 0xffff820000000000ul

typedef u64 pte_t;

#define PTE_P            BIT(0)
#define PTE_RW           BIT(1)
#define PTE_US           BIT(2)
#define PTE_PWT          BIT(3)
#define PTE_PCD          BIT(4)
#define PTE_A            BIT(5)
#define PTE_D            BIT(6)
#define PTE_PSE          BIT(7) /* L2, L3: superpage */
#define PTE_PAT          BIT(7) /* L1 */
#define PTE_G            BIT(8)
#define PTE_AVAIL        (7ull << 9)
#define PTE_AVAIL_HIGH   (0x7ffull << 52)
#define PTE_GUEST_KERNEL BIT(52) /* the guest's own U/S bit was clear (pv-ABI) */
#define PTE_GRANT        BIT(62) /* installed by the grant module, only it may remove it */
#define PTE_NX           BIT(63)
#define PTE_CACHE        (PTE_PWT | PTE_PCD | PTE_PAT)
#define PTE_MFN_MASK     0x000ffffffffff000ull

static inline mfn_t pte_mfn(pte_t e)
{
	return _mfn(e << 12 >> (12 + PAGE_SHIFT)); /* PTE_MFN_MASK, by shifts alone */
}
static inline pte_t pte_make(mfn_t m, u64 flags)
{
	return m.n << PAGE_SHIFT | flags;
}

#define PT_ENTRIES 512u
static inline unsigned int l1_slot(unsigned long va)
{
	return va >> 12 & 511;
}
static inline unsigned int l2_slot(unsigned long va)
{
	return va >> 21 & 511;
}
static inline unsigned int l3_slot(unsigned long va)
{
	return va >> 30 & 511;
}
static inline unsigned int l4_slot(unsigned long va)
{
	return va >> 39 & 511;
}

static inline bool va_canonical(unsigned long va)
{
	return (unsigned long)((long)(va << 16) >> 16) == va;
}
/* May guests own this address? Canonical and outside of the hypervisor's range: what lies between
 * the lower half and HV_START is neither. */
static inline bool va_guest(unsigned long va)
{
	return va < VA_LOW_END || va >= HV_END;
}

#ifdef DOMUS_HOST_TEST
void *host_frame(mfn_t m); /* the test's fake machine memory */
mfn_t host_mfn(const void *p);
#define mfn_to_virt(m) host_frame(m)
#define virt_to_mfn(p) host_mfn(p)
#else
static inline void *maddr_to_virt(maddr_t ma)
{
	return (void *)(DIRECT_VIRT + ma);
}
static inline void *mfn_to_virt(mfn_t m)
{
	return (void *)(DIRECT_VIRT + (m.n << PAGE_SHIFT));
}
/* Direct-map addresses only. */
static inline mfn_t virt_to_mfn(const void *p)
{
	return _mfn(((unsigned long)p - DIRECT_VIRT) >> PAGE_SHIFT);
}
static inline maddr_t virt_to_maddr(const void *p)
{
	return (unsigned long)p - DIRECT_VIRT;
}
#endif

/* One past the highest frame number of the machine's RAM; the M2P has that many entries. */
extern u64 frame_end;

/* M2P: pfn, or one of these. */
#define M2P_INVALID (~0ull)
#ifdef DOMUS_HOST_TEST
extern u64 *m2p_rw;
#else
#define m2p_rw ((u64 *)M2P_RW_VIRT)
#endif
