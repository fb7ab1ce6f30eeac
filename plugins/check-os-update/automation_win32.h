/* SPDX-License-Identifier: MIT */
/*
 * Objects of COM by the names of their members, as scripts use them.
 *
 * What is there but empty or of another type is DISP_E_TYPEMISMATCH; a member that raised an
 * exception gives the code of the exception.  Outputs are untouched on failure.
 */
#ifndef CHECK_OS_UPDATE_AUTOMATION_WIN32_H
#define CHECK_OS_UPDATE_AUTOMATION_WIN32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>

#include <oaidl.h>

HRESULT automation_create(const CLSID *class_id, IDispatch **ret_object);
void automation_release(IDispatch *object); /* NULL is fine */

HRESULT automation_object(IDispatch *object, const wchar_t *name, IDispatch **ret_object);
HRESULT automation_item(IDispatch *collection, int32_t index, IDispatch **ret_object);
/* The object that a method with one text, or (NULL) without arguments returns. */
HRESULT automation_call(IDispatch *object, const wchar_t *name, const wchar_t *argument,
                        IDispatch **ret_object);

HRESULT automation_number(IDispatch *object, const wchar_t *name, int32_t *ret_number);
HRESULT automation_boolean(IDispatch *object, const wchar_t *name, bool *ret_value);
HRESULT automation_set_boolean(IDispatch *object, const wchar_t *name, bool value);
/* In UTF-8; cut off where it is longer. */
HRESULT automation_text(IDispatch *object, const wchar_t *name, char *ret_text, size_t size);
/* A date in UTC, as seconds since 1970.  S_FALSE: the member is there and holds no date. */
HRESULT automation_date(IDispatch *object, const wchar_t *name, int64_t *ret_seconds);

#endif
