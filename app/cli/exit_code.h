/* SPDX-License-Identifier: BSD-3-Clause */
/* exit_code.h - what weir's exit status says to scripts */
#ifndef WEIR_APP_CLI_EXIT_CODE_H
#define WEIR_APP_CLI_EXIT_CODE_H

/* CODE(symbol, number, "what it means") */
#define EXIT_CODES(CODE)                                             \
	CODE(OK, 0, "it worked")                                     \
	CODE(FAILED, 1, "understood, but it did not work")           \
	CODE(USAGE, 2, "the command makes no sense, or a name means several things") \
	CODE(NOT_FOUND, 3, "what was named does not exist")          \
	CODE(UNREACHABLE, 4, "no daemon answers on the socket")      \
	CODE(REJECTED, 5, "the object or program was refused")       \
	CODE(UNEXPECTED, 6, "it ran, and the result is not what was asked")

#define EXIT_CODE(symbol, number, about) EXIT_##symbol = number,
enum exit_code { EXIT_CODES(EXIT_CODE) };
#undef EXIT_CODE

#endif
