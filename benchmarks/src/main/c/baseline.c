/*
 * The yardstick: the same work on the same memory, as plain as C can say it. x86_64 4-level tables of 4 KiB, found
 * through `base`, which is where physical address 0 lies. Tables come from a bump pointer over memory that is zero.
 */
#include <stdint.h>

#define PRESENT 1ull
#define LEAF 0x80ull
#define FRAME 0x000ffffffffff000ull
#define TABLE 0x67ull
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
