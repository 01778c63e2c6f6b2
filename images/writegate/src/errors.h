/* Errors that calls are answered with in the kernel's place: which call can return which. */
#ifndef ERRORS_H
#define ERRORS_H

#include "call.h"

/* The number of an error's name, such as EIO; 0 if it is none that writegate answers with. */
int error_named(const char *name);
const char *error_name(int number);

/* Does the manual page of such a call, or the kernel's code, let it return that error? */
bool error_fits(int number, enum op op);
/* The same of this very call: EMFILE is for opens, and a truncate may be one or not. */
bool error_fits_call(int number, const struct call *call);

#endif
