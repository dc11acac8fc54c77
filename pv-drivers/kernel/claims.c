/* SPDX-License-Identifier: MIT */
/* Claims of a test, counted and told. */
#include "base.h"

unsigned int check_count, fail_count;
static const char *claim_name;
static unsigned int claim_fails;

void claim(const char *what)
{
	if (claim_name) {
		print("%s %s\n", fail_count == claim_fails ? "PASS" : "FAIL", claim_name);
	}
	claim_name = what;
	claim_fails = fail_count;
}

void claims_end(void)
{
	claim(NULL);
	print("RESULT: %s (%u checks, %u failed)\n", fail_count ? "fail" : "pass", check_count,
	      fail_count);
}
