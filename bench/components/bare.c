/*
 * The same as idle.c, as a plain process: the floor of starting and of memory
 *
 * Linked with all that idle is linked with, so that exec has the same file to map; it just begins
 * elsewhere. Its line goes to the descriptor that it inherits.
 */
#include <unistd.h>

int main(void)
{
	if (write(STDOUT_FILENO, "up\n", 3) != 3)
		return 1;
	for (;;)
		pause();
}
