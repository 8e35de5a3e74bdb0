/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns snapshots of the addresses an address space may use. Calls a backend. */
#include <stdlib.h>

#include "ctx.h"
#include "ioas.h"

struct libiommufd_ranges {
	uint64_t alignment;
	size_t count;
	struct libiommufd_range *ranges;
};

static int by_start(const void *a, const void *b)
{
	const struct libiommufd_range *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

EXPORT int libiommufd_ioas_query_ranges(struct libiommufd_ioas *ioas,
					struct libiommufd_ranges **ret_ranges)
{
	struct op op;

	op_begin(&op, "query_ranges", ioas ? ioas_name(ioas) : "",
		 ioas ? ctx_log(ioas_ctx(ioas)) : NULL);
	if (!ioas || !ret_ranges)
		return op_end(&op, op_null(&op, "ioas or ret_ranges"));
	int r = ctx_check_ours(ioas_ctx(ioas), &op);
	if (r < 0)
		return op_end(&op, r);

	struct libiommufd_ranges *ranges = calloc(1, sizeof(*ranges));
	if (!ranges)
		return op_end(&op, op_fail(&op, -ENOMEM, LIBIOMMUFD_REASON_MEMORY, "no memory"));
	struct backend_ioas *backend = ioas_backend(ioas);
	r = backend->ctx->ops->ranges(backend, &op, &ranges->ranges, &ranges->count,
				      &ranges->alignment);
	if (r < 0) {
		free(ranges);
		return op_end(&op, r);
	}
	/* With nothing attached a kernel may allow single bytes, which no device to come will. */
	if (ranges->alignment < page_size())
		ranges->alignment = page_size();
	qsort(ranges->ranges, ranges->count, sizeof(*ranges->ranges), by_start);
	*ret_ranges = ranges;
	return op_end(&op, 0);
}

EXPORT size_t libiommufd_ranges_get_count(const struct libiommufd_ranges *ranges)
{
	return ranges ? ranges->count : 0;
}

EXPORT struct libiommufd_range libiommufd_ranges_get(const struct libiommufd_ranges *ranges,
						     size_t index)
{
	return ranges && index < ranges->count ? ranges->ranges[index]
					       : (struct libiommufd_range){0, 0};
}

EXPORT uint64_t libiommufd_ranges_get_alignment(const struct libiommufd_ranges *ranges)
{
	return ranges ? ranges->alignment : 0;
}

EXPORT struct libiommufd_ranges *libiommufd_ranges_free(struct libiommufd_ranges *ranges)
{
	if (ranges) {
		free(ranges->ranges);
		free(ranges);
	}
	return NULL;
}
