/* SPDX-License-Identifier: MIT */
/*
 * Processes that were started by us or by an earlier daemon, and are found by the file in which
 * they wrote their number. Invariant: only a process that still holds the lock on its file is
 * touched. No lock of its own: each file belongs to one job at a time.
 */
#pragma once

/** pidfile_end - ends a process in order, or by force if that takes longer than patience; waits for
 *  its end and removes the file. No process is no error. */
void pidfile_end(const char *path, unsigned int patience_ms);
