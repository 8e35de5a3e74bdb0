/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns errors: the thread's record, the names of reasons, the rules for options. Calls the log hook. */
#include "op.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local struct libiommufd_error last = {.size = sizeof(last)};

EXPORT const struct libiommufd_error *libiommufd_last_error(void)
{
	return &last;
}

static const char *const reason_names[] = {
	[LIBIOMMUFD_REASON_NONE] = "NONE",
	[LIBIOMMUFD_REASON_KERNEL] = "KERNEL",
	[LIBIOMMUFD_REASON_ARGUMENT] = "ARGUMENT",
	[LIBIOMMUFD_REASON_OPTIONS] = "OPTIONS",
	[LIBIOMMUFD_REASON_MEMORY] = "MEMORY",
	[LIBIOMMUFD_REASON_NOT_SUPPORTED] = "NOT_SUPPORTED",
	[LIBIOMMUFD_REASON_OTHER_PROCESS] = "OTHER_PROCESS",
	[LIBIOMMUFD_REASON_OTHER_CTX] = "OTHER_CTX",
	[LIBIOMMUFD_REASON_NO_BACKEND] = "NO_BACKEND",
	[LIBIOMMUFD_REASON_NOT_PERMITTED] = "NOT_PERMITTED",
	[LIBIOMMUFD_REASON_NODE_MISSING] = "NODE_MISSING",
	[LIBIOMMUFD_REASON_STALE_NODE] = "STALE_NODE",
	[LIBIOMMUFD_REASON_NO_CDEV] = "NO_CDEV",
	[LIBIOMMUFD_REASON_NO_SUCH_DEVICE] = "NO_SUCH_DEVICE",
	[LIBIOMMUFD_REASON_NO_GROUP] = "NO_GROUP",
	[LIBIOMMUFD_REASON_NOT_VFIO_DRIVER] = "NOT_VFIO_DRIVER",
	[LIBIOMMUFD_REASON_DEVICE_GONE] = "DEVICE_GONE",
	[LIBIOMMUFD_REASON_NOT_BOUND] = "NOT_BOUND",
	[LIBIOMMUFD_REASON_ALREADY_BOUND] = "ALREADY_BOUND",
	[LIBIOMMUFD_REASON_GROUP_NOT_VIABLE] = "GROUP_NOT_VIABLE",
	[LIBIOMMUFD_REASON_GROUP_BUSY] = "GROUP_BUSY",
	[LIBIOMMUFD_REASON_GROUP_ATTACHED] = "GROUP_ATTACHED",
	[LIBIOMMUFD_REASON_UNSAFE_INTERRUPTS] = "UNSAFE_INTERRUPTS",
	[LIBIOMMUFD_REASON_IOVA_RANGE] = "IOVA_RANGE",
	[LIBIOMMUFD_REASON_IOVA_IN_USE] = "IOVA_IN_USE",
	[LIBIOMMUFD_REASON_IOVA_CONFLICT] = "IOVA_CONFLICT",
	[LIBIOMMUFD_REASON_IOVA_EXHAUSTED] = "IOVA_EXHAUSTED",
	[LIBIOMMUFD_REASON_NOT_MAPPED] = "NOT_MAPPED",
	[LIBIOMMUFD_REASON_BAD_MEMORY] = "BAD_MEMORY",
	[LIBIOMMUFD_REASON_MEMORY_LIMIT] = "MEMORY_LIMIT",
	[LIBIOMMUFD_REASON_ENTRY_LIMIT] = "ENTRY_LIMIT",
	[LIBIOMMUFD_REASON_RAISED_ACCESS] = "RAISED_ACCESS",
	[LIBIOMMUFD_REASON_IN_USE] = "IN_USE",
	[LIBIOMMUFD_REASON_REGION_MAPPED] = "REGION_MAPPED",
	[LIBIOMMUFD_REASON_REGION_ACCESS] = "REGION_ACCESS",
	[LIBIOMMUFD_REASON_RESTORE_FAILED] = "RESTORE_FAILED",
	[LIBIOMMUFD_REASON_VECTOR_LIMIT] = "VECTOR_LIMIT",
	[LIBIOMMUFD_REASON_NOT_OWNED] = "NOT_OWNED",
	[LIBIOMMUFD_REASON_VF_TOKEN] = "VF_TOKEN",
	[LIBIOMMUFD_REASON_CONTAINER_SHARED] = "CONTAINER_SHARED",
};

EXPORT const char *libiommufd_reason_name(uint32_t reason)
{
	if (reason >= sizeof(reason_names) / sizeof(reason_names[0]))
		return "UNKNOWN";
	return reason_names[reason];
}

int op_fail(struct op *op, int error, uint32_t reason, const char *format, ...)
{
	va_list args;

	op->error = error;
	op->needed = 0;
	op->allowed = 0;
	/* Wherever it ran out, the caller can do the same about it. */
	op->reason = error == -ENOMEM && reason == LIBIOMMUFD_REASON_KERNEL
			     ? LIBIOMMUFD_REASON_MEMORY
			     : reason;
	va_start(args, format);
	vsnprintf(op->text, sizeof(op->text), format, args);
	va_end(args);
	return error;
}

void op_limit(struct op *op, uint64_t needed, uint64_t allowed)
{
	op->needed = needed;
	op->allowed = allowed;
}

void op_note(struct op *op, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(op->note, sizeof(op->note), format, args);
	va_end(args);
}

static void say(const struct op *op, uint32_t level, const char *text)
{
	if (op->log && op->log->fn && op->log->level >= level)
		op->log->fn(op->log->data, level, text);
}

int op_finish(struct op *op, int result)
{
	if (op->note[0])
		say(op, LIBIOMMUFD_LOG_INFO, op->note);
	if (result >= 0)
		return result;

	/* Every failure is written down where it happens; this keeps a forgotten one honest. */
	if (op->error != result)
		op_fail(op, result, LIBIOMMUFD_REASON_KERNEL, "%s", strerrordesc_np(-result));

	last.error = result;
	last.reason = op->reason;
	last.needed = op->needed;
	last.allowed = op->allowed;
	snprintf(last.operation, sizeof(last.operation), "%s", op->name);
	snprintf(last.subject, sizeof(last.subject), "%s", op->subject);
	snprintf(last.text, sizeof(last.text), "%s%s%s: %s", last.operation,
		 last.subject[0] ? " " : "", last.subject, op->text);

	/* The hook may call the library; what it leaves in the record must not reach the caller. */
	struct libiommufd_error record = last;
	say(op, LIBIOMMUFD_LOG_ERROR, record.text);
	last = record;
	return result;
}

int op_options(struct op *op, const void *from, void *to, uint32_t to_size, uint32_t known_flags)
{
	const unsigned char *bytes = from;
	uint32_t size, flags;

	memset(to, 0, to_size);
	if (!from)
		return 0;

	memcpy(&size, bytes, sizeof(size));
	if (size < 2 * sizeof(uint32_t))
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS,
			       "the options have size %u; set it to the sizeof of the struct",
			       size);
	/* No options are that long: the size was not set, and must not be followed. */
	if (size > 4096)
		return op_fail(op, -E2BIG, LIBIOMMUFD_REASON_OPTIONS,
			       "the options have size %u; set it to the sizeof of the struct",
			       size);
	memcpy(&flags, bytes + sizeof(size), sizeof(flags));
	if (flags & ~known_flags)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "unknown flags 0x%x",
			       flags & ~known_flags);
	for (uint32_t i = to_size; i < size; i++)
		if (bytes[i])
			return op_fail(op, -E2BIG, LIBIOMMUFD_REASON_OPTIONS,
				       "the options have a field at byte %u that this version of "
				       "the "
				       "library does not know",
				       i);
	memcpy(to, from, size < to_size ? size : to_size);
	return 0;
}

int op_backend(struct op *op, uint32_t *backend)
{
	const char *variable;

	if (*backend > LIBIOMMUFD_BACKEND_TYPE1)
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS, "unknown backend %u",
			       *backend);
	variable = *backend ? NULL : secure_getenv("LIBIOMMUFD_BACKEND");
	if (!variable)
		return 0;
	if (!strcmp(variable, "native"))
		*backend = LIBIOMMUFD_BACKEND_NATIVE;
	else if (!strcmp(variable, "type1"))
		*backend = LIBIOMMUFD_BACKEND_TYPE1;
	else
		return op_fail(op, -EINVAL, LIBIOMMUFD_REASON_OPTIONS,
			       "the environment variable LIBIOMMUFD_BACKEND is \"%.32s\"; set it "
			       "to native or type1, or unset it",
			       variable);
	return 0;
}
