/* A control socket under test; see the header. */
#include "control_scene.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/rom.h"
#include "ipc/channel.h"

#define SEALED (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

struct sockaddr_un scene_address(const struct scene *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" SCENE_NAME, s->folder_path);
	return address;
}

void scene_listen(struct scene *s, struct control_options *ret)
{
	struct sockaddr_un address = scene_address(s);
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof(address)), 0);
	assert_int_equal(listen(listener, CONTROL_CLIENTS_MAX), 0);
	*ret = (struct control_options){ listener,
		open(s->folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), SCENE_NAME, "/tour.xml",
		{ FIXTURE_RAM, FIXTURE_CAPS } };
}

int scene_set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct control_options options;
	void *part;

	fixture_open(&part);
	s->f = part;
	hosted_set_up(&part);
	s->hosted = part;
	strcpy(s->folder_path, "/tmp/kin-control-XXXXXX");
	assert_non_null(mkdtemp(s->folder_path));
	scene_listen(s, &options);
	assert_int_equal(control_open(&s->f->services, &s->hosted->host, &options, &s->control), 0);
	*state = s;
	return 0;
}

int scene_tear_down(void **state)
{
	struct scene *s = *state;
	void *part = s->hosted;

	control_close(s->control);
	rom_modules_done(&s->f->services);
	hosted_tear_down(&part);
	assert_int_equal(rmdir(s->folder_path), 0);
	part = s->f;
	fixture_close(&part);
	free(s);
	return 0;
}

int client_open(struct scene *s)
{
	struct sockaddr_un address = scene_address(s);
	int channel = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(channel, (struct sockaddr *) &address, sizeof(address)), 0);
	fixture_settle(s->f);
	return channel;
}

void client_ask(struct scene *s, int channel, uint32_t operation, const void *request)
{
	assert_int_equal(channel_ask(channel, &control_interface, operation, request), 0);
	fixture_settle(s->f);
}

int client_answer(int channel, uint32_t operation, void *ret)
{
	return channel_answer(channel, &control_interface, operation, ret);
}

int client_call(struct scene *s, int channel, uint32_t operation, const void *request, void *ret)
{
	client_ask(s, channel, operation, request);
	return client_answer(channel, operation, ret);
}

/* A text that came as an answer: whole, sealed; valid until the next one. */
const char *text_of(int take_fd)
{
	static char text[1 << 16];
	ssize_t n = pread(take_fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(fcntl(take_fd, F_GET_SEALS) & SEALED, SEALED);
	close(take_fd);
	return text;
}

/* If core did not read all that was sent, that is said before. */
void assert_cut_off(int channel)
{
	char byte;
	ssize_t n = recv(channel, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && errno == ECONNRESET)
		n = recv(channel, &byte, 1, MSG_DONTWAIT);
	assert_int_equal(n, 0);
	close(channel);
}

int client_read_log(struct scene *s, int client, const char *prefix, uint64_t from, bool wait,
	struct control_log_reply *ret)
{
	struct control_log_request request = { .from = from, .wait = wait };

	strcpy(request.prefix, prefix);
	return client_call(s, client, control_log_operation, &request, ret);
}
