// Moonstone. Licence: see LICENSE.
#pragma once
// Cursors: where a page of a query ended, as text that its bearer cannot use for anything else.
//
// A cursor holds the sort values, number and id of the last row and the fingerprint of its query;
// the next page is what sorts strictly after it, whatever was inserted or deleted in between. A
// search has no such position: each write moves the relevance of all rows. Its cursor holds the
// numbers of the rows that were returned so far, and the next page is the most relevant of the
// others.
//
// Cursors are sealed: encrypted and authenticated with a secret of the database. Otherwise the sort
// values would show a field that the function keeps to itself, and whoever could write a cursor
// could try values until a page answers where that field of some row stands.
// The same position of the same query is always the same text, so that results can be compared.
// Threads: pure functions. Source: functions.md 6.6 and 21.15; design.md section 5.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/query.h"
#include "query/row.h"

namespace moonstone::query {

/// Longer cursors are refused before they are decoded; sort values are index keys, not documents.
inline constexpr std::size_t kCursorBytesMax = 64 * 1024;
/// Rows of a search that its cursor remembers. Fits kCursorBytesMax for numbers up to 10^8; nobody
/// reads further down a list that is sorted by relevance.
inline constexpr std::size_t kSearchRowsPagedMax = 4'000;

/// The cursor after `page`, rows of `query` and not empty; the last one counts. A search has in
/// `skipped` the rows of earlier pages.
/// Errors: LimitExceeded (reason "cursor_size") if the sort values are too long, or a search went
/// through too many rows.
[[nodiscard]] Result<std::string> make_cursor(const Query& query,
                                              std::span<const Row> page,
                                              std::string_view secret);

/// Restricts `query` to what comes after the cursor. Text that is no cursor of this database leaves
/// the query as it is (the first page).
/// Errors: InvalidArgument "Invalid cursor" for that of another query.
[[nodiscard]] Status apply_cursor(std::string_view cursor, std::string_view secret, Query& query);

/// Two cursors as the text "start~end": the page is what comes after `start` (empty: from the
/// beginning) up to the row of `end`, that included, however many rows that are by now. A page that
/// is read so keeps its place while rows come and go in others.
struct CursorPair {
  std::string_view start;
  std::string_view end;
};
inline constexpr char kCursorPairSeparator = '~';  // no character of a sealed cursor

/// Nothing if the text is no pair.
[[nodiscard]] std::optional<CursorPair> split_cursor_pair(std::string_view text);

/// The queries whose rows, one query after the other, are those of the pair; none if its text is
/// not of this database. More than one only where that lets an index end the range. That of a
/// search is the rows that it had between the cursors, as far as they still match.
/// Errors: InvalidArgument "Invalid cursor" for that of another query.
[[nodiscard]] Result<std::vector<Query>> range_between(const CursorPair& pair,
                                                       std::string_view secret,
                                                       const Query& query);

}  // namespace moonstone::query
