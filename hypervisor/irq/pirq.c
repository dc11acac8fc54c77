/* SPDX-License-Identifier: MIT */
/*
 * PIRQs: interrupt lines under the numbers that dom0 knows them by. A GSI's PIRQ is the GSI;
 * messages get numbers from the top down. No other domain has any. Locking: see line.h.
 */
#include "event/event.h"
#include "lib/lib.h"
#include "line.h"

struct irq_line msi_lines[MSI_PIRQS];

static struct irq_line *line_of(u32 pirq)
{
	u32 i = pirq - gsi_count;

	if (pirq < gsi_count) {
		return line_of_gsi(pirq);
	}
	return i < MSI_PIRQS && msi_lines[i].vector ? &msi_lines[i] : NULL;
}

/* EVTCHNOP_bind_pirq. -EINVAL: no such PIRQ; -EBUSY: bound, or the hypervisor's; -ENOSPC: no
 * vector. */
int pirq_bind_port(struct domain *d, u32 pirq, u32 port)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);
	struct irq_line *line = d == dom0 ? line_of(pirq) : NULL;
	int rc = !line ? -EINVAL : line->fn || line->port ? -EBUSY : line_alloc_vector(line);

	if (!rc) {
		line->port = port;
		line->owes_eoi = false;
		line_program(line, false);
	}
	return rc;
}

/* With irq_lock held. */
static void line_release(struct irq_line *line)
{
	if (line->port) {
		line->port = 0;
		line->owes_eoi = false;
		line_program(line, true);
	}
}

/* The number may be another line's by now. */
void pirq_unbind_port(u32 pirq, u32 port)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);
	struct irq_line *line = line_of(pirq);

	if (line && line->port == port) {
		line_release(line);
	}
}

/* The guest is done with an interrupt: its line may rise again. -EINVAL: no such PIRQ. */
int pirq_eoi(u32 pirq)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);
	struct irq_line *line = line_of(pirq);

	if (line && line->owes_eoi) {
		line->owes_eoi = false;
		ioapic_mask_pin(line, false);
	}
	return line ? 0 : -EINVAL;
}

/*
 * Trigger and polarity, as dom0's ACPI says. -EEXIST: told before (every device that shares a line
 * repeats it), or the hypervisor's own line. -EINVAL: no such GSI.
 */
int pirq_setup_gsi(u32 gsi, bool level, bool active_low)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);
	struct irq_line *line = line_of_gsi(gsi);

	if (!line || line->set_up) {
		return line ? -EEXIST : -EINVAL;
	}
	line->set_up = true;
	line->level = level;
	line->active_low = active_low;
	if (line->port) {
		line->owes_eoi = false;
		line_program(line, false);
	}
	return 0;
}

/* Without a told trigger the answer is the careful one. */
int pirq_status(u32 pirq, bool *needs_eoi)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);
	struct irq_line *line = line_of(pirq);

	*needs_eoi = line && (line->level || (line->kind == LINE_GSI && !line->set_up));
	return line ? 0 : -EINVAL;
}

/* Is the message used already, or does its function use the other kind? */
static bool source_mapped(const struct irq_line *new)
{
	msi_line_for_each (line) {
		if (line_serves(line, new->msi.sbdf) &&
		    (line->kind != new->kind || line->msi.entry == new->msi.entry)) {
			return true;
		}
	}
	return false;
}

/* The place of the number asked for, or for -1 the highest free one; NULL: there is none. */
static struct irq_line *place_for(s32 pirq)
{
	u32 i = MSI_PIRQS;

	if (pirq >= 0) {
		i = (u32)pirq - gsi_count;
		return i < MSI_PIRQS ? &msi_lines[i] : NULL;
	}
	while (i-- > 0) {
		if (!msi_lines[i].vector) {
			return &msi_lines[i];
		}
	}
	return NULL;
}

/*
 * A number for one message of a PCI function, masked until bound; *pirq < 0: any. `new` names kind,
 * function and entry. -ENODEV: the function cannot do that; -EEXIST: done already, or it uses the
 * other kind; -ENXIO, -EINVAL, -ENOSPC, -ENOMEM.
 */
int pirq_map_msi(struct irq_line *new, u64 table_base, s32 *pirq)
{
	int rc = msi_find(new, table_base);

	if (!rc && new->kind == LINE_MSIX) {
		rc = msix_protect(new->msi.sbdf, table_base);
	}
	if (rc) {
		return rc;
	}

	HOLD_LOCK_IRQSAVE(&irq_lock);
	struct irq_line *line = place_for(*pirq);

	if (!line) {
		return *pirq < 0 ? -ENOSPC : -EINVAL;
	}
	if (line->vector || source_mapped(new)) {
		return -EEXIST;
	}
	*line = *new;
	line->pirq = gsi_count + (u32)(line - msi_lines);
	rc = line_alloc_vector(line);
	if (!rc) {
		line_program(line, true);
		*pirq = (s32)line->pirq;
	}
	return rc;
}

/* GSIs stay mapped for ever. A message that is still bound is unbound. -EINVAL: no such PIRQ. */
int pirq_unmap(u32 pirq)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);
	struct irq_line *line = line_of(pirq);

	if (line && line->kind != LINE_GSI) {
		line_release(line);
		msi_stop(line);
		line_free_vector(line);
	}
	return line ? 0 : -EINVAL;
}

/* The function lost its state: its messages are written again. -ENODEV: it has none. */
int pirq_restore_msi(sbdf_t sbdf)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);
	int rc = -ENODEV;

	msi_line_for_each (line) {
		if (line_serves(line, sbdf)) {
			line_program(line, !line->port);
			rc = 0;
		}
	}
	return rc;
}

bool pirq_device_in_use(sbdf_t sbdf)
{
	HOLD_LOCK_IRQSAVE(&irq_lock);

	msi_line_for_each (line) {
		if (line_serves(line, sbdf)) {
			return true;
		}
	}
	return false;
}

/* Prints the lines that are in use. */
void irq_dump(void)
{
	static const char *const kinds[] = {"GSI", "MSI", "MSI-X"};

	for (u32 pirq = 0; pirq < gsi_count + MSI_PIRQS; pirq++) {
		unsigned long flags = spin_lock_irqsave(&irq_lock);
		struct irq_line *found = line_of(pirq);
		struct irq_line line = {0};

		if (found) {
			line = *found;
		}
		spin_unlock_irqrestore(&irq_lock, flags);
		if (line.vector) {
			printk(" PIRQ %3u %-5s vector %02x %s port %u count %llu%s%s\n", pirq,
			       kinds[line.kind], line.vector, line.level ? "level" : "edge ",
			       line.port, (unsigned long long)line.count,
			       line.fn ? " hypervisor" : "", line.owes_eoi ? " waits for EOI" : "");
		}
	}
}
