/* SPDX-License-Identifier: MIT */
/* The machine of sched_sim.h: the scheduler's surroundings, time, and the checks. */
#include "sched_sim.h"

#define GROUPS 64u
#define NEVER  (~0ull)

u64 sim_now;
u64 sim_late;
bool sim_check_bound;
struct sim_unit sim_units[SIM_UNITS];
unsigned int sim_count, cpu_count;
void (*sim_midway)(void);
__thread unsigned int fake_cpu;

static struct sched_group groups[GROUPS];
static unsigned int group_count, random_state;
static struct sched_unit idle[SIM_CPUS], *on_cpu[SIM_CPUS];
static bool pending[SIM_CPUS];
static struct timer *timers[SIM_CPUS + GROUPS];
static unsigned int timer_count;
static jmp_buf after_switch;

unsigned int sim_random(unsigned int n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* --- What the scheduler calls --- */

u64 time_now(void)
{
	return sim_now;
}
void cpu_raise(unsigned int cpu, enum pending_work work)
{
	assert_int_equal(work, PENDING_SCHEDULE);
	pending[cpu] = true;
}
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu)
{
	*t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu};
	timers[timer_count++] = t;
}
void timer_set(struct timer *t, u64 expires)
{
	t->node.key = expires;
	t->armed = true;
}
void timer_stop(struct timer *t)
{
	t->armed = false;
}
/* Does not return, as the real one. */
void sched_switch(struct sched_unit *prev, struct sched_unit *next, u64 now)
{
	assert_ptr_equal(prev, on_cpu[fake_cpu]);
	on_cpu[fake_cpu] = next;
	if (sim_midway) {
		unsigned int cpu = fake_cpu;

		sim_midway();
		fake_cpu = cpu;
	}
	sched_switched_out(prev, now);
	longjmp(after_switch, 1);
}

/* --- Making it --- */

void sim_add_cpu(struct sched_unit *u)
{
	fake_cpu = cpu_count;
	on_cpu[fake_cpu] = u;
	sched_init_cpu(fake_cpu, u);
	cpu_count++;
}

void sim_start(unsigned int cpus, unsigned int seed)
{
	memset(queues, 0, sizeof(struct runq) * SIM_CPUS);
	memset(sim_units, 0, sizeof(sim_units));
	memset(&idle_cpus, 0, sizeof(idle_cpus));
	memset(idle, 0, sizeof(idle));
	sim_count = group_count = timer_count = 0;
	random_state = seed;
	sim_now = NS_PER_SEC;
	sim_midway = NULL;
	sim_check_bound = true;
	sim_late = 0;
	cpu_count = 0;
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		sim_add_cpu(&idle[cpu]);
	}
	sim_settle();
}

void sim_end(void)
{
	for (unsigned int i = 0; i < sim_count; i++) {
		free(sim_units[i].latency);
	}
}

struct sched_group *sim_group(u32 weight, u32 cap)
{
	struct sched_group *g = &groups[group_count++];

	assert_true(group_count <= GROUPS);
	sched_group_init(g);
	assert_int_equal(sched_group_set(g, weight, cap), 0);
	return g;
}

struct sim_unit *sim_sleeper(struct sched_group *g, u64 run_ns, u64 sleep_ns, bool random)
{
	struct sim_unit *s = &sim_units[sim_count++];

	assert_true(sim_count <= SIM_UNITS);
	*s = (struct sim_unit){.run_ns = run_ns, .sleep_ns = sleep_ns, .random = random};
	sched_unit_init(&s->unit, sim_random(cpu_count), g);
	s->left = run_ns ? run_ns : NEVER;
	s->waits_since = s->wakes_at = NEVER;
	sched_wake(&s->unit, time_now());
	return s;
}

struct sim_unit *sim_spin(struct sched_group *g)
{
	return sim_sleeper(g, 0, 0, false);
}

/* --- Checks --- */

static bool runs(const struct sim_unit *s)
{
	unsigned int n = 0;

	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		if (on_cpu[cpu] == &s->unit) {
			assert_true(unit_allowed(&s->unit, cpu));
			n++;
		}
	}
	assert_true(n <= 1);
	return n;
}

static u64 bound(const struct sim_unit *s)
{
	u64 sum = 0, lightest = ~0u;

	for (unsigned int i = 0; i < sim_count; i++) {
		lightest = MIN(lightest, sim_units[i].unit.group->weight);
	}
	for (unsigned int i = 0; i < sim_count; i++) {
		if (&sim_units[i] != s) {
			sum += SLICE_NS * (7 + 4ull * sim_units[i].unit.group->weight / lightest);
		}
	}
	return sum;
}

static void note_wait(struct sim_unit *s, bool waits)
{
	u64 waited = s->waits_since == NEVER ? 0 : sim_now - s->waits_since;

	s->longest_wait = MAX(s->longest_wait, waited);
	assert_true(!sim_check_bound || waited <= bound(s));
	if (!waits) {
		s->waits_since = NEVER;
	} else if (s->waits_since == NEVER) {
		s->waits_since = sim_now;
	}
	if (s->woke && s->unit.running) {
		if (s->latencies == s->latency_room) {
			s->latency_room = 2 * s->latency_room + 64;
			s->latency = realloc(s->latency, s->latency_room * sizeof(u32));
		}
		s->latency[s->latencies++] = (u32)waited;
		s->woke = false;
	}
}

static void check_unit(struct sim_unit *s)
{
	const struct sched_unit *u = &s->unit;
	bool on = runs(s);

	assert_int_equal(on, u->running);
	assert_int_equal(u->runnable, u->running + u->queued + u->parked);
	if (u->queued) {
		assert_true(unit_allowed(u, u->cpu));
		assert_true(queues[u->cpu].slice.armed); /* its turn comes by itself */
		for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
			assert_false(on_cpu[cpu]->idle && unit_allowed(u, cpu));
		}
	}
	note_wait(s, u->queued);
}

static void run_pending(void)
{
	pending[fake_cpu] = false;
	if (!setjmp(after_switch)) {
		sched_run();
	}
}

void sim_settle(void)
{
	bool any;

	do {
		any = false;
		for (unsigned int i = 0, start = sim_random(cpu_count); i < cpu_count; i++) {
			fake_cpu = (start + i) % cpu_count;
			if (!pending[fake_cpu]) {
				continue;
			}
			any = true;
			run_pending();
		}
	} while (any);
	for (unsigned int i = 0; i < sim_count; i++) {
		check_unit(&sim_units[i]);
	}
}

/* --- Time --- */

static struct sim_unit *running_on(unsigned int cpu)
{
	return on_cpu[cpu]->idle ? NULL : container_of(on_cpu[cpu], struct sim_unit, unit);
}

static u64 due(const struct timer *t)
{
	return t->node.key + (sim_late ? t->node.key / 1000 * 2654435761u % sim_late : 0);
}

static u64 next_event(u64 end)
{
	for (unsigned int i = 0; i < timer_count; i++) {
		if (timers[i]->armed) {
			end = MIN(end, due(timers[i]));
		}
	}
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		const struct sim_unit *s = running_on(cpu);

		if (s && s->left != NEVER) {
			end = MIN(end, sim_now + s->left);
		}
	}
	for (unsigned int i = 0; i < sim_count; i++) {
		end = MIN(end, sim_units[i].wakes_at);
	}
	return MAX(end, sim_now);
}

static u64 vary(const struct sim_unit *s, u64 ns)
{
	return s->random ? ns * (1 + sim_random(2000)) / 1000 + 1 : ns;
}

static void pass(u64 ns)
{
	sim_now += ns;
	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		struct sim_unit *s = running_on(cpu);

		if (!s) {
			continue;
		}
		s->used += ns;
		if (s->left != NEVER) {
			s->left -= ns;
		}
		if (!s->left) {
			fake_cpu = cpu;
			s->wakes_at = sim_now + vary(s, s->sleep_ns);
			s->left = vary(s, s->run_ns);
			sched_sleep(&s->unit);
		}
	}
}

static void fire(void)
{
	for (unsigned int i = 0; i < timer_count; i++) {
		struct timer *t = timers[i];

		if (t->armed && due(t) <= sim_now) {
			t->armed = false;
			fake_cpu = t->cpu;
			t->fn(t->arg);
		}
	}
	for (unsigned int i = 0; i < sim_count; i++) {
		struct sim_unit *s = &sim_units[i];

		if (s->wakes_at <= sim_now) {
			s->wakes_at = NEVER;
			s->woke = true;
			s->waits_since = sim_now;
			fake_cpu = sim_random(cpu_count);
			sched_wake(&s->unit, time_now());
		}
	}
}

void sim_run(u64 ns)
{
	u64 end = sim_now + ns;

	sim_settle();
	while (sim_now < end) {
		pass(next_event(end) - sim_now);
		fire();
		sim_settle();
	}
}

static int by_size(const void *a, const void *b)
{
	return *(const u32 *)a < *(const u32 *)b ? -1 : *(const u32 *)a > *(const u32 *)b;
}

u64 sim_latency(struct sim_unit *s, unsigned int percent)
{
	assert_true(s->latencies);
	qsort(s->latency, s->latencies, sizeof(u32), by_size);
	return s->latency[(u64)s->latencies * percent / 100 - (percent == 100)];
}
