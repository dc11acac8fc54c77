/* SPDX-License-Identifier: MIT */
/* What every unit test includes: cmocka, which wants four headers before it, and libc's basics. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
