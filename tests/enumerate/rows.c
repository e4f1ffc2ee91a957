/* Looking things up in the table. */
#include "enumerate/enumerate.h"

#define ORPHANS (BIT(ORPHAN) | BIT(ORPHAN_SEEN))
#define ASKED   (BIT(CREATING) | BIT(UPGRADING) | BIT(CLOSING) | BIT(ORPHAN))

static bool has(uint64_t set, unsigned number)
{
	return set & BIT(number);
}

bool cell_possible(const struct cell *cell)
{
	const struct operation_info *op = &operations[cell->operation];
	const struct point_info *point = &points[cell->point];

	if (!has(op->kinds, cell->kind) || !has(point->kinds, cell->kind) ||
		!has(point->server, cell->server_gone))
		return false;
	if (cell->server_gone && (op->actor == SERVER || cell->kind != CHILD))
		return false;
	if (op->actor == CLIENT && has(ORPHANS, cell->point))
		return false;
	if (cell->operation == ANSWER_OK)
		return has(ASKED, cell->point);
	return op->actor != SERVICE || cell->operation == ANSWER_PENDING || cell->point == CREATING;
}

static bool is_about(const struct row *row, const struct cell *cell)
{
	unsigned server = row->server ? row->server : BIT(THERE);

	return has(row->kinds, cell->kind) && has(row->at, cell->point) &&
	       has(server, cell->server_gone) && has(row->does, cell->operation) &&
	       cell_possible(cell);
}

unsigned rows_for(const struct cell *cell)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_rows; i++)
		n += is_about(&rows[i], cell);
	return n;
}

const struct row *row_of(const struct cell *cell)
{
	for (size_t i = 0; i < n_rows; i++)
		if (is_about(&rows[i], cell))
			return &rows[i];
	return NULL;
}
