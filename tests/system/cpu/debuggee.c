/* SPDX-License-Identifier: MIT */
/* What the debugger watches: a function that is called and a variable that is written, ten times.
 */
#include <stdio.h>

volatile int counter;

__attribute__((noinline)) void tick(int by)
{
	counter += by;
}

int main(void)
{
	for (int i = 0; i < 10; i++) {
		tick(i);
	}
	printf("counter %d\n", counter);
	return 0;
}
