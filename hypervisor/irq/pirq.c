/* SPDX-License-Identifier: MIT */
/*
 * PIRQs: interrupt lines under the numbers that dom0 knows them by. A GSI's PIRQ is the GSI;
 * messages get numbers from the top down. No other domain has any. Locking: see line.h.
 */
#include "event/event.h"
#include "lib/lib.h"
#include "line.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

#define MSI_PIRQS 192u /* more than there are vectors */

struct irq_domain {
	mfn_t eoi_frame;        /* INVALID_MFN: none */
	u64 *eoi_bits;          /* bit per PIRQ: the guest must call PHYSDEVOP_eoi */
	u32 pirq_count;         /* 0 for all but dom0 */
	struct irq_line *msi[]; /* by PIRQ - gsi_count */
};

/* A number that get_free_pirq gave out and no message uses yet. */
static struct irq_line reserved_line;

static size_t irq_domain_bytes(const struct domain *d)
{
	return sizeof(struct irq_domain) +
	       (d->privileged ? MSI_PIRQS * sizeof(struct irq_line *) : 0);
}

int irq_domain_create(struct domain *d)
{
	struct irq_domain *id = heap_alloc(irq_domain_bytes(d));

	if (!id) {
		return -ENOMEM;
	}
	id->eoi_frame = INVALID_MFN;
	id->pirq_count = d->privileged ? gsi_count + MSI_PIRQS : 0;
	d->irq = id;
	return 0;
}

/* Lines need no care here: only dom0 has them, and it is never destroyed. */
int irq_domain_destroy(struct domain *d)
{
	struct irq_domain *id = d->irq;
	unsigned long flags;

	if (!id) {
		return 0;
	}
	flags = spin_lock_irqsave(&irq_lock);
	d->irq = NULL;
	spin_unlock_irqrestore(&irq_lock, flags);
	if (id->eoi_bits) {
		frame_put_and_type(id->eoi_frame);
	}
	heap_free(id, irq_domain_bytes(d));
	return 0;
}

/* The slot of a message's number, NULL for other numbers. */
static struct irq_line **msi_slot(struct domain *d, u32 pirq)
{
	if (!d->irq || pirq < gsi_count || pirq >= d->irq->pirq_count) {
		return NULL;
	}
	return &d->irq->msi[pirq - gsi_count];
}

static struct irq_line *line_of(struct domain *d, u32 pirq)
{
	struct irq_line **slot = msi_slot(d, pirq);

	if (slot) {
		return *slot == &reserved_line ? NULL : *slot;
	}
	return d->irq && pirq < d->irq->pirq_count ? line_of_gsi(pirq) : NULL;
}

static void eoi_bit_set(struct domain *d, u32 pirq, bool needed)
{
	if (!d->irq->eoi_bits || pirq >= PAGE_SIZE * 8) {
		return;
	}
	if (needed) {
		bit_test_and_set(d->irq->eoi_bits, pirq);
	} else {
		bit_test_and_clear(d->irq->eoi_bits, pirq);
	}
}

/* EVTCHNOP_bind_pirq. -EINVAL: no such PIRQ; -EBUSY: bound, or the hypervisor's; -ENOSPC: no
 * vector. */
int pirq_bind_port(struct domain *d, u32 pirq, u32 port, bool share)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	struct irq_line *line = line_of(d, pirq);
	int rc = -EINVAL;

	if (line && (line->fn || line->domain)) {
		rc = -EBUSY;
	} else if (line) {
		rc = line_alloc_vector(line);
	}
	if (!rc) {
		line->domain = d;
		line->port = port;
		line->owes_eoi = false;
		eoi_bit_set(d, pirq, line->level);
		line_program(line, false);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return rc;
}

/* With irq_lock held. */
static void line_release(struct irq_line *line)
{
	eoi_bit_set(line->domain, line->pirq, false);
	line->domain = NULL;
	line->port = 0;
	line->owes_eoi = false;
	line_program(line, true);
}

void pirq_unbind_port(struct domain *d, u32 pirq)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	struct irq_line *line = line_of(d, pirq);

	if (line && line->domain == d) {
		line_release(line);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
}

/* The guest is done with an interrupt: its line may rise again. -EINVAL: no such PIRQ. */
int pirq_eoi(struct domain *d, u32 pirq)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	struct irq_line *line = line_of(d, pirq);

	if (line && line->domain == d && line->owes_eoi) {
		line->owes_eoi = false;
		ioapic_mask_pin(pirq, ioapic_entry(line, 0, false), false);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return line ? 0 : -EINVAL;
}

/*
 * Trigger and polarity, as dom0's ACPI says. -EEXIST: told before (every device that shares a line
 * repeats it), or the hypervisor's own line. -EINVAL: no such GSI.
 */
int pirq_setup_gsi(struct domain *d, u32 gsi, bool level, bool active_low)
{
	struct irq_line *line = line_of_gsi(gsi);
	unsigned long flags;
	int rc = -EEXIST;

	if (!line) {
		return -EINVAL;
	}
	flags = spin_lock_irqsave(&irq_lock);
	if (!line->set_up) {
		line->set_up = true;
		line->level = level;
		line->active_low = active_low;
		if (line->domain) {
			line->owes_eoi = false;
			eoi_bit_set(line->domain, gsi, level);
			line_program(line, false);
		}
		rc = 0;
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return rc;
}

/* Without a told trigger the answer is the careful one. */
int pirq_status(struct domain *d, u32 pirq, bool *needs_eoi)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	struct irq_line *line = line_of(d, pirq);

	*needs_eoi = line && (line->level || (line->kind == LINE_GSI && !line->set_up));
	spin_unlock_irqrestore(&irq_lock, flags);
	return line ? 0 : -EINVAL;
}

/* The guest's bitmap of PIRQs that need an EOI, once for its life. -EBUSY, -EINVAL. */
int pirq_set_eoi_page(struct domain *d, mfn_t m)
{
	unsigned long flags;
	int rc = frame_get_and_type(m, &d->mm, FT_WRITABLE);

	if (rc) {
		return rc;
	}
	flags = spin_lock_irqsave(&irq_lock);
	if (!d->irq || d->irq->eoi_bits) {
		rc = -EBUSY;
	} else {
		d->irq->eoi_frame = m;
		d->irq->eoi_bits = mfn_to_virt(m);
		for (u32 pirq = 0; pirq < d->irq->pirq_count; pirq++) {
			struct irq_line *line = line_of(d, pirq);

			eoi_bit_set(d, pirq, line && line->domain && line->level);
		}
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	if (rc) {
		frame_put_and_type(m);
	}
	return rc;
}

/* The highest free number; -ENOSPC. With irq_lock held. */
static int number_alloc(struct domain *d, u32 *pirq)
{
	for (u32 p = d->irq->pirq_count; p-- > gsi_count;) {
		if (!*msi_slot(d, p)) {
			*pirq = p;
			return 0;
		}
	}
	return -ENOSPC;
}

int pirq_reserve(struct domain *d, u32 *pirq)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	int rc = number_alloc(d, pirq);

	if (!rc) {
		*msi_slot(d, *pirq) = &reserved_line;
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return rc;
}

static bool source_mapped(const struct msi_source *src, bool msix)
{
	list_for_each (pos, &msi_lines) {
		struct irq_line *line = list_entry(pos, struct irq_line, link);

		if (line->msi.segment == src->segment && line->msi.bdf == src->bdf &&
		    (line->kind != (msix ? LINE_MSIX : LINE_MSI) ||
		     line->msi.entry == src->entry)) {
			return true;
		}
	}
	return false;
}

/* Number, vector and place in the list for a new line; with irq_lock held. */
static int msi_install(struct domain *d, struct irq_line *line, s32 *pirq)
{
	struct irq_line **slot;
	u32 number = (u32)*pirq;
	int rc = 0;

	if (source_mapped(&line->msi, line->kind == LINE_MSIX)) {
		return -EEXIST;
	}
	if (*pirq < 0) {
		rc = number_alloc(d, &number);
	}
	slot = rc ? NULL : msi_slot(d, number);
	if (!slot) {
		return rc ? rc : -EINVAL;
	}
	if (*slot && *slot != &reserved_line) {
		return -EEXIST;
	}
	rc = line_alloc_vector(line);
	if (rc) {
		return rc;
	}
	line->pirq = number;
	*slot = line;
	list_add_tail(&msi_lines, &line->link);
	line_program(line, true);
	*pirq = (s32)number;
	return 0;
}

/*
 * A number for one message of a PCI function, masked until bound; *pirq < 0: any. -ENODEV: the
 * function cannot do that; -EEXIST: done already, or it uses the other kind; -ENXIO, -EINVAL,
 * -ENOSPC, -ENOMEM.
 */
int pirq_map_msi(struct domain *d, struct msi_source *src, bool msix, u64 table_base, s32 *pirq)
{
	struct irq_line *line;
	unsigned long flags;
	int rc = msi_find(src, msix, table_base);

	if (!rc && msix) {
		rc = msix_protect(src->segment, src->bdf, table_base);
	}
	if (rc) {
		return rc;
	}
	line = heap_alloc(sizeof(*line));
	if (!line) {
		return -ENOMEM;
	}
	line->kind = msix ? LINE_MSIX : LINE_MSI;
	line->msi = *src;
	flags = spin_lock_irqsave(&irq_lock);
	rc = msi_install(d, line, pirq);
	spin_unlock_irqrestore(&irq_lock, flags);
	if (rc) {
		heap_free(line, sizeof(*line));
	}
	return rc;
}

/* GSIs stay mapped for ever. A message that is still bound is unbound. -EINVAL: no such PIRQ. */
int pirq_unmap(struct domain *d, u32 pirq)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	struct irq_line **slot = msi_slot(d, pirq);
	struct irq_line *line = line_of(d, pirq);
	int rc = line || (slot && *slot) ? 0 : -EINVAL;

	if (slot && line) {
		if (line->domain) {
			line_release(line);
		}
		msi_stop(line);
		line_free_vector(line);
		list_del(&line->link);
	}
	if (slot) {
		*slot = NULL;
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	if (slot && line) {
		heap_free(line, sizeof(*line));
	}
	return rc;
}

static bool line_of_device(const struct irq_line *line, u16 segment, u16 bdf)
{
	return line->msi.segment == segment && line->msi.bdf == bdf;
}

/* The function lost its state: its messages are written again. -ENODEV: it has none. */
int pirq_restore_msi(u16 segment, u16 bdf)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	int rc = -ENODEV;

	list_for_each (pos, &msi_lines) {
		struct irq_line *line = list_entry(pos, struct irq_line, link);

		if (line_of_device(line, segment, bdf)) {
			line_program(line, !line->domain);
			rc = 0;
		}
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return rc;
}

bool pirq_device_in_use(u16 segment, u16 bdf)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);
	bool used = false;

	list_for_each (pos, &msi_lines) {
		used |= line_of_device(list_entry(pos, struct irq_line, link), segment, bdf);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return used;
}

/* Prints the lines that are in use. */
void irq_dump(void)
{
	static const char *const kinds[] = {"GSI", "MSI", "MSI-X"};

	for (u32 pirq = 0; dom0 && dom0->irq && pirq < dom0->irq->pirq_count; pirq++) {
		unsigned long flags = spin_lock_irqsave(&irq_lock);
		struct irq_line *found = line_of(dom0, pirq);
		struct irq_line line = {0};

		if (found) {
			line = *found;
		}
		spin_unlock_irqrestore(&irq_lock, flags);
		if (!line.vector) {
			continue;
		}
		printk(" PIRQ %3u %-5s vector %02x %s port %u count %llu%s%s\n", pirq,
		       kinds[line.kind], line.vector, line.level ? "level" : "edge ", line.port,
		       (unsigned long long)line.count, line.fn ? " hypervisor" : "",
		       line.owes_eoi ? " waits for EOI" : "");
	}
}
