/* SPDX-License-Identifier: MIT */
/* Calls that are refused by design: docs/abi.md says why. */
#pragma once

void refused_calls(void);
