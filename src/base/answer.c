/* Answers; see the header. */
#include <kin/answer.h>

#include <string.h>

const char *kin_answer_text(int answer)
{
	static const char *const texts[] = {
		[KIN_OK] = "ok",
		[KIN_PENDING] = "pending",
		[KIN_DENIED] = "denied",
		[KIN_INSUFFICIENT_RAM] = "insufficient RAM donated",
		[KIN_INSUFFICIENT_CAPS] = "insufficient caps donated",
		[KIN_OUT_OF_RAM] = "out of RAM",
		[KIN_OUT_OF_CAPS] = "out of caps",
		[KIN_CLOSED] = "closed",
		[KIN_EXCEEDED] = "quota exceeded",
		[KIN_INVALID] = "invalid",
		[KIN_MISSING] = "missing",
	};

	if (answer < 0)
		return strerror(-answer);
	if ((size_t) answer < sizeof(texts) / sizeof(texts[0]))
		return texts[answer];
	return "unknown answer";
}
