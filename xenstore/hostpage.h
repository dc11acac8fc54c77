/* SPDX-License-Identifier: MIT */
/* The page and port by which dom0's own kernel reaches the store. */
#pragma once

/** Maps the page and returns the kernel's port; -errno, logged, if it offers none. */
int hostpage_map(void **page);
