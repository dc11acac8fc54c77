/* SPDX-License-Identifier: MIT */
/* Calls that are refused by design: docs/abi.md says why. */
#ifndef REFUSED_H
#define REFUSED_H

void refused_calls(void);

#endif
