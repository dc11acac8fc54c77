/* SPDX-License-Identifier: MIT */
/*
 * Guests' records below the state folder, NAME.json each. Invariant: a record is replaced whole
 * (written beside, renamed), so that whoever reads it sees the old or the new one. They are not
 * forced to the disk: a power failure ends the guests as well. Event loop's thread only.
 */
#pragma once

/** record_delete - removes a guest's record; what is not there is no error. */
void record_delete(const char *name);
