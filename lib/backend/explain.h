/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a kernel's errno to a reason and a sentence. Most return the errno they were given. */
#ifndef LIBIOMMUFD_EXPLAIN_H
#define LIBIOMMUFD_EXPLAIN_H

#include "backend.h"

/*
 * Memory could not be pinned: is it the limit? bytes is how much was to be pinned, so that nothing of it is
 * now; 0: not known.
 */
int explain_memory(const struct backend_ctx *ctx, struct op *op, uint64_t bytes);

/* A map, copy or attach that pins memory failed. */
int explain_map(const struct backend_ctx *ctx, struct op *op, int error, const struct dma *dma);
int explain_attach(const struct backend_ctx *ctx, struct op *op, int error,
		   const struct backend_ioas *ioas);

/* The kernel refused to give the group to this ctx. */
int explain_claim(const struct backend_ctx *ctx, struct op *op, int error,
		  const struct place *place);

/* The token of a virtual function was refused. */
int explain_token(struct op *op, int error, bool given);

/* A node could not be opened. */
int explain_node(struct op *op, int error, const char *path);

/* Does the device have nothing but a group that vfio made up, since there is no IOMMU? Then -EOPNOTSUPP, else 0. */
int explain_no_iommu(const struct sys *sys, struct op *op, const struct place *place);

/* What a driverless or wrongly bound device needs; one without an IOMMU group needs that first. */
int explain_not_vfio(const struct sys *sys, struct op *op, const struct place *place);

#endif
