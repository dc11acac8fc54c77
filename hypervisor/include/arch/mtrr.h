/* SPDX-License-Identifier: MIT */
/* Memory type range registers: Intel SDM 3A, 12.11.8 "MTRR Considerations in MP Systems". */
#pragma once

#include "lib/types.h"

/* Boot CPU: remembers what the firmware set. */
void mtrr_save(void);
/* Another CPU, at its start, interrupts off: takes over what mtrr_save() saw. True: it differed. */
bool mtrr_load(void);
