/* SPDX-License-Identifier: MIT */
/*
 * What a block back end makes of a request: a checked description in bytes. The protocol is that of
 * <xen/io/blkif.h> in its 64-bit layout; its sectors are units of 512 bytes, whatever the disk's
 * sectors are, as Linux's drivers have it.
 *
 *	ring slot --copied once--> block_decode() --> READY: I/O
 *	                                |        `--> REFUSED: answer block_request.status
 *	                                |        `--> ABUSE: the device is taken from the guest
 *	                                `--> INDIRECT: copy the page of segments that the request
 *	                                     names, then block_decode_segments() --> as above
 *
 * Invariant: a READY request lies inside the disk, is a multiple of its sectors and at most
 * BLOCK_BYTES_MAX long, and each segment lies inside one page; nothing else of the guest's is used
 * for I/O. No I/O, no lock: values.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/io/blkif.h>

#define BLOCK_PAGE_BYTES   4096u
#define BLOCK_SECTOR_BYTES 512u /* of the protocol */
/** Segments of an indirect request: as many as Linux's own back end takes; they fit one page. */
#define BLOCK_SEGMENTS_MAX 256u
#define BLOCK_BYTES_MAX    (BLOCK_SEGMENTS_MAX * BLOCK_PAGE_BYTES)

/** The disk as the guest was told of it. */
struct block_disk {
	uint64_t bytes;        /* a multiple of sector_bytes */
	uint32_t sector_bytes; /* 512 or 4096 */
	bool is_read_only;
	bool can_discard;
};

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_BARRIER, BLOCK_DISCARD };

enum block_verdict {
	BLOCK_READY,
	BLOCK_INDIRECT, /* the segments are to be fetched first */
	BLOCK_REFUSED,  /* answer it with its status */
	BLOCK_ABUSE     /* no sane front end sends such; text says what is wrong */
};

/** A piece of a guest's page, which the guest grants. */
struct block_segment {
	uint32_t gref;
	uint16_t offset, bytes;
};

struct block_request {
	uint64_t id;         /* the guest's own, for the answer */
	uint8_t guest_op;    /* as the answer repeats it */
	int16_t status;      /* of a refused one: BLKIF_RSP_... */
	enum block_op op;    /* a barrier without bytes is a flush in order */
	uint64_t sector;     /* as the guest said */
	uint64_t offset;     /* into the disk */
	uint64_t bytes;      /* of a discard it may be as large as the disk */
	const char *text;    /* of abuse */
	uint32_t table_gref; /* INDIRECT: the page that lists the segments */
	uint32_t segment_count;
	struct block_segment segments[BLOCK_SEGMENTS_MAX];
};

/** block_decode - checks a request; @raw: the caller's own copy of the ring's slot. */
enum block_verdict block_decode(const struct block_disk *disk, const struct blkif_request *raw,
				struct block_request *r);
/**
 * block_decode_segments - goes on with an INDIRECT one; @table: the caller's own copy of its
 * segment_count segments.
 */
enum block_verdict block_decode_segments(const struct block_disk *disk,
					 const struct blkif_request_segment *table,
					 struct block_request *r);
/** block_answer - the response to a request. */
struct blkif_response block_answer(const struct block_request *r, int16_t status);
