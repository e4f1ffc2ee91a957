/* The servers that a component under test talks to: ROM, Timer, Report, PD, LOG; see the header. */
#include "component_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "ipc/signal.h"

static int memfd_of(const char *text, size_t size)
{
	int fd = memfd_create("world", MFD_CLOEXEC);

	assert_true(fd > 0);
	assert_int_equal(ftruncate(fd, (off_t) (size + 4095) / 4096 * 4096), 0);
	if (text)
		assert_int_equal(pwrite(fd, text, size, 0), (ssize_t) size);
	return fd;
}

static int rom_dataspace_handle(
	void *self, struct rom_dataspace_request *request, struct rom_dataspace_reply *reply)
{
	struct world *w = ((struct world_session *) self)->world;
	size_t n = strlen(w->rom_text);

	if (w->rom_crowded) {
		w->rom_crowded--;
		return -ETOOMANYREFS;
	}
	reply->size = n;
	reply->dataspace = memfd_of(w->rom_text, n);
	if (w->rom_short) {
		w->rom_short--;
		assert_int_equal(ftruncate(reply->dataspace, 0), 0);
	}
	return 0;
}

static int rom_signal_handle(
	void *self, struct rom_signal_request *request, struct rom_signal_reply *reply)
{
	struct world_session *session = self;

	session->signal = request->signal;
	request->signal = 0;
	return 0;
}

static int timer_timer_handle(
	void *self, struct timer_timer_request *request, struct timer_timer_reply *reply)
{
	reply->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return 0;
}

static int report_dataspace_handle(
	void *self, struct report_dataspace_request *request, struct report_dataspace_reply *reply)
{
	struct world *w = ((struct world_session *) self)->world;

	w->report_buffer = memfd_of(NULL, 4096);
	reply->dataspace = dup(w->report_buffer);
	reply->size = 4096;
	return 0;
}

static int report_submit_handle(
	void *self, struct report_submit_request *request, struct report_submit_reply *reply)
{
	struct world *w = ((struct world_session *) self)->world;

	memset(w->report, 0, sizeof(w->report));
	return pread(w->report_buffer, w->report, request->length, 0) < 0 ? -errno : 0;
}

const struct rom_handlers world_rom_handlers = { .dataspace = rom_dataspace_handle,
	.signal = rom_signal_handle };
const struct timer_handlers world_timer_handlers = { .timer = timer_timer_handle };
const struct report_handlers world_report_handlers = { .dataspace = report_dataspace_handle,
	.submit = report_submit_handle };

/* The PD: objects cost what they cost, IDs say how much */

static int pd_charge(struct world *w, uint64_t ram)
{
	if (w->ram_left < ram)
		return KIN_OUT_OF_RAM;
	if (!w->caps_left)
		return KIN_OUT_OF_CAPS;
	w->ram_left -= ram;
	w->caps_left--;
	w->n_objects++;
	return 0;
}

static int pd_alloc_ram_handle(
	void *self, struct pd_alloc_ram_request *request, struct pd_alloc_ram_reply *reply)
{
	char path[64];
	int r = pd_charge(self, request->size);

	if (r)
		return r;
	reply->id = (uint32_t) (request->size / 4096);
	reply->dataspace = memfd_of(NULL, request->size);
	if (request->share) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", reply->dataspace);
		reply->read_only = open(path, O_RDONLY | O_CLOEXEC);
	}
	return 0;
}

static int pd_alloc_signal_handle(
	void *self, struct pd_alloc_signal_request *request, struct pd_alloc_signal_reply *reply)
{
	int r = pd_charge(self, 0);

	return r ? r : signal_context_open(&reply->signal);
}

static int pd_alloc_rpc_handle(
	void *self, struct pd_alloc_rpc_request *request, struct pd_alloc_rpc_reply *reply)
{
	int r = pd_charge(self, 0);

	return r ? r : channel_pair(&reply->server, &reply->client);
}

static int pd_free_handle(void *self, struct pd_free_request *request, struct pd_free_reply *reply)
{
	struct world *w = self;

	w->ram_left += (uint64_t) request->id * 4096;
	w->caps_left++;
	w->n_objects--;
	return 0;
}

static int pd_account_handle(
	void *self, struct pd_account_request *request, struct pd_account_reply *reply)
{
	struct world *w = self;

	*reply = (struct pd_account_reply){ 1000 + w->ram_left, 1000, 10 + w->caps_left, 10 };
	return 0;
}

const struct pd_handlers world_pd_handlers = { .alloc_ram = pd_alloc_ram_handle,
	.alloc_signal = pd_alloc_signal_handle,
	.alloc_rpc = pd_alloc_rpc_handle,
	.free = pd_free_handle,
	.account = pd_account_handle };

static int log_write_handle(
	void *self, struct log_write_request *request, struct log_write_reply *reply)
{
	struct world *w = self;

	assert_true(w->n_lines < WORLD_ITEMS_MAX);
	w->lines[w->n_lines++] = strdup(request->text);
	return 0;
}

const struct log_handlers world_log_handlers = { .write = log_write_handle };
