/* SPDX-License-Identifier: MIT */
/* Local APIC (xAPIC and x2APIC), its timer, and the interrupt vectors. */
#pragma once

#include "lib/types.h"

/* Vectors: 0x20-0xdf devices (dynamic), 0xf0.. the hypervisor's own. */
#define VECTOR_FIRST_DEV 0x30
#define VECTOR_LAST_DEV  0xdf
#define VECTOR_INT80     0x80 /* guests' own: no device has it */
#define VECTOR_TIMER     0xf0
#define VECTOR_KICK      0xf1
#define VECTOR_CALL      0xf2
#define VECTOR_ERROR     0xfe
#define VECTOR_SPURIOUS  0xff

void apic_init(void); /* on each CPU */
u32 apic_id(void);
void apic_eoi(void);
void apic_send_ipi(u32 apic_id, u8 vector);
void apic_send_nmi(u32 apic_id);
/* Resets all other CPUs; starts one of them in real mode at a page of the first MiB. */
void apic_send_init_others(void);
void apic_send_startup(u32 apic_id, maddr_t page);
/* Arms this CPU's timer for an absolute TSC value; 0 disarms. A past value fires at once. */
void apic_timer_set(u64 tsc);
/* Learns the APIC timer's rate against the TSC; after the TSC's own rate is known. */
void apic_timer_calibrate(void);

/* The room irq/ sets the handler of a device vector; NULL clears it. Called with interrupts off; */
/* the handler must call apic_eoi() itself. */
typedef void (*vector_handler_t)(u8 vector, void *arg);
void vector_set_handler(u8 vector, vector_handler_t fn, void *arg);
