/*
 * The yardstick: the same work on the same memory, as plain as C can say it. x86_64 4-level tables of 4 KiB, found
 * through `base`, which is where physical address 0 lies. Tables come from a bump pointer over memory that is zero.
 */
#include <stdint.h>
#include <string.h>

#define PRESENT 1ull
#define WRITE 2ull
#define ACCESSED 0x20ull
#define LEAF 0x80ull
#define FRAME 0x000ffffffffff000ull
#define TABLE 0x67ull
#define DIRTY_PAGE 0x8000000000000067ull
#define ENTRY(table, va, shift) ((uint64_t *)(base + (table)) + (((va) >> (shift)) & 511))

static inline uint64_t translate(char *base, uint64_t root, uint64_t va)
{
	uint64_t e;

	if ((uint64_t)((int64_t)(va << 16) >> 16) != va)
		return -1;
	e = *ENTRY(root, va, 39);
	if (!(e & PRESENT))
		return -1;
	e = *ENTRY(e & FRAME, va, 30);
	if (!(e & PRESENT))
		return -1;
	if (e & LEAF)
		return (e & FRAME & ~0x3fffffffull) | (va & 0x3fffffff);
	e = *ENTRY(e & FRAME, va, 21);
	if (!(e & PRESENT))
		return -1;
	if (e & LEAF)
		return (e & FRAME & ~0x1fffffull) | (va & 0x1fffff);
	e = *ENTRY(e & FRAME, va, 12);
	if (!(e & PRESENT))
		return -1;
	return (e & FRAME) | (va & 0xfff);
}

uint64_t mmport_translate(char *base, uint64_t root, const uint64_t *vas, uint64_t count)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < count; i++)
		sum += translate(base, root, vas[i]);
	return sum;
}

static inline uint64_t next(uint64_t *entry, uint64_t *fresh)
{
	if (!(*entry & PRESENT)) {
		*entry = *fresh | TABLE;
		*fresh += 4096;
	}
	return *entry & FRAME;
}

/* Returns how many pages were mapped; one that is in use already is left alone. */
uint64_t mmport_map(char *base, uint64_t root, uint64_t va, uint64_t pa, uint64_t count, uint64_t flags,
		    uint64_t fresh)
{
	uint64_t mapped = 0;

	for (uint64_t i = 0; i < count; i++, va += 4096, pa += 4096) {
		uint64_t table = next(ENTRY(root, va, 39), &fresh);
		uint64_t *pte;

		table = next(ENTRY(table, va, 30), &fresh);
		table = next(ENTRY(table, va, 21), &fresh);
		pte = ENTRY(table, va, 12);
		if (!*pte) {
			*pte = pa | flags;
			mapped++;
		}
	}
	return mapped;
}

/* Returns how many pages were unmapped. Tables stay. */
uint64_t mmport_unmap(char *base, uint64_t root, uint64_t va, uint64_t count)
{
	uint64_t unmapped = 0;

	for (uint64_t i = 0; i < count; i++, va += 4096) {
		uint64_t e = *ENTRY(root, va, 39);
		uint64_t *pte;

		if (!(e & PRESENT))
			continue;
		e = *ENTRY(e & FRAME, va, 30);
		if (!(e & PRESENT))
			continue;
		e = *ENTRY(e & FRAME, va, 21);
		if (!(e & PRESENT))
			continue;
		pte = ENTRY(e & FRAME, va, 12);
		if (*pte) {
			*pte = 0;
			unmapped++;
		}
	}
	return unmapped;
}

/*
 * Gives a child what a parent has mapped, as fork does: its own tables, nobody may write, and each page has one
 * reference and one map count more, plain ones in two halves of a word by frame number. Returns how many pages.
 */
uint64_t mmport_fork(char *base, uint64_t parent, uint64_t child, uint64_t va, uint64_t count, uint64_t fresh,
		     uint64_t *counts)
{
	uint64_t copied = 0;

	for (uint64_t end = va + count * 4096; va < end;) {
		uint64_t to = next(ENTRY(child, va, 39), &fresh);
		uint64_t from = translate(base, parent, va);
		uint64_t *src, *dst;

		if (from == (uint64_t)-1) {
			va += 4096;
			continue;
		}
		from = *ENTRY(parent, va, 39) & FRAME;
		from = *ENTRY(from, va, 30) & FRAME;
		from = *ENTRY(from, va, 21) & FRAME;
		to = next(ENTRY(to, va, 30), &fresh);
		to = next(ENTRY(to, va, 21), &fresh);
		src = ENTRY(from, 0, 12);
		dst = ENTRY(to, 0, 12);
		for (uint64_t i = (va >> 12) & 511; i < 512 && va < end; i++, va += 4096) {
			uint64_t pte = src[i];

			if (!(pte & PRESENT))
				continue;
			counts[(pte & FRAME) >> 12] += 1ull << 32 | 1;
			if (pte & WRITE)
				src[i] = pte &= ~WRITE;
			dst[i] = pte & ~ACCESSED;
			copied++;
		}
	}
	return copied;
}

/*
 * First writes to pages, as faults: each takes a frame from a stack of free ones (its number of entries first), empties it,
 * counts one reference and one map count, and maps it. Returns how many pages were brought in.
 */
uint64_t mmport_fault(char *base, uint64_t root, uint64_t va, uint64_t count, uint64_t fresh, uint64_t *counts,
		      uint64_t *free)
{
	uint64_t faults = 0;

	for (uint64_t i = 0; i < count; i++, va += 4096) {
		uint64_t table = next(ENTRY(root, va, 39), &fresh);
		uint64_t *pte;
		uint64_t frame;

		table = next(ENTRY(table, va, 30), &fresh);
		table = next(ENTRY(table, va, 21), &fresh);
		pte = ENTRY(table, va, 12);
		if (*pte || !free[0])
			continue;
		frame = free[free[0]--];
		memset(base + frame, 0, 4096);
		counts[frame >> 12] = 1ull << 32 | 1;
		*pte = frame | DIRTY_PAGE;
		faults++;
	}
	return faults;
}

/* Takes such pages out again, and puts frames back that nobody has any more. Tables stay. Returns how many it took out. */
uint64_t mmport_zap(char *base, uint64_t root, uint64_t va, uint64_t count, uint64_t *counts, uint64_t *free)
{
	uint64_t zapped = 0;

	for (uint64_t end = va + count * 4096; va < end;) {
		uint64_t e = *ENTRY(root, va, 39);
		uint64_t *ptes;

		e = *ENTRY(e & FRAME, va, 30);
		e = *ENTRY(e & FRAME, va, 21);
		ptes = ENTRY(e & FRAME, 0, 12);
		for (uint64_t i = (va >> 12) & 511; i < 512 && va < end; i++, va += 4096) {
			uint64_t frame = ptes[i] & FRAME;

			if (!(ptes[i] & PRESENT))
				continue;
			ptes[i] = 0;
			counts[frame >> 12] -= 1ull << 32 | 1;
			if (!counts[frame >> 12])
				free[++free[0]] = frame;
			zapped++;
		}
	}
	return zapped;
}

/*
 * A hash table of Power processors before POWER9, big-endian: groups of 8 entries of two doublewords. An address is in
 * the segment that its distance from `first_va` chooses.
 */
#define HPTE_VALID 1ull
#define HPTE_SECONDARY 2ull
#define HPTE_LARGE 4ull
#define HPTE_TAG (3ull << 62 | 0x000fffffffffff80ull | HPTE_SECONDARY | HPTE_VALID)
#define HPTE_FRAME 0x01fffffffffff000ull

/* log2 of what an entry maps in a segment of pages of 4 or 64 KiB, 0 for a size that such a segment cannot have. */
static inline unsigned hpte_shift(unsigned page_shift, uint64_t tag, uint64_t data)
{
	unsigned low = page_shift == 12 ? 7 : 1;
	unsigned high = page_shift == 12 ? 0x38 : 8;

	if (!(tag & HPTE_LARGE))
		return page_shift == 12 ? 12 : 0;
	if ((data >> 12 & 0xf) == low)
		return 16;
	return (data >> 12 & 0xff) == high ? 24 : 0;
}

static inline uint64_t hash_translate(const uint64_t *table, uint64_t mask, uint64_t vsid, unsigned segment_shift,
				      unsigned page_shift, uint64_t va)
{
	uint64_t offset = va & ((1ull << segment_shift) - 1);
	uint64_t page = offset >> page_shift;
	uint64_t hash = segment_shift == 40 ? vsid ^ vsid << 25 ^ page : vsid ^ page;
	uint64_t tag = (vsid << (segment_shift - 23) | offset >> 23) << 7;

	tag = (tag & 0x000fffffffffff80ull) | (uint64_t)(segment_shift == 40) << 62 | HPTE_VALID;
	for (int which = 0; which < 2; which++) {
		const uint64_t *entry = table + (hash & mask) * 16;

		for (int i = 0; i < 8; i++, entry += 2) {
			uint64_t found = __builtin_bswap64(entry[0]);

			if ((found & HPTE_TAG) == tag) {
				uint64_t data = __builtin_bswap64(entry[1]);
				unsigned shift = hpte_shift(page_shift, found, data);

				if (shift)
					return (data & HPTE_FRAME & -1ull << shift) | (va & ((1ull << shift) - 1));
			}
		}
		hash = ~hash;
		tag |= HPTE_SECONDARY;
	}
	return -1;
}

uint64_t mmport_hash_translate(const uint64_t *table, uint64_t groups, const uint64_t *vsids, uint64_t first_va,
			       uint64_t segment_shift, uint64_t page_shift, const uint64_t *vas, uint64_t count)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t vsid = vsids[(vas[i] - first_va) >> segment_shift];

		sum += hash_translate(table, groups - 1, vsid, segment_shift, page_shift, vas[i]);
	}
	return sum;
}
