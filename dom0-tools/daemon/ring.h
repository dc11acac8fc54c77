/* SPDX-License-Identifier: MIT */
/*
 * The console ring shared with a guest. Invariant: the guest may write anything into it at any
 * time; each index is read once, checked, and only then used. No lock: one thread serves it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/io/console.h>

/**
 * ring_take - takes what the guest wrote, at most room bytes.
 *
 * Returns the bytes taken. If the guest's index is impossible, all it may have written is
 * skipped, *broken is set, and 0 is returned; the ring goes on from there.
 */
size_t ring_take(volatile struct xencons_interface *ring, char *buf, size_t room, int *broken);

/**
 * ring_put - hands the guest input; returns the bytes that found room (0 while the ring is full
 * or the guest's index is impossible).
 */
size_t ring_put(volatile struct xencons_interface *ring, const char *buf, size_t bytes);
