/* SPDX-License-Identifier: MIT */
/* Late-bound calls of COM objects: see automation_win32.h. */
#define COBJMACROS
#include "automation_win32.h"

#include <initguid.h>
#include <objbase.h>
#include <oleauto.h>

#include <string.h>

#define SECONDS_PER_DAY 86400.0
#define DAYS_TO_1970 25569.0 /* a date counts days since the end of 1899 */
#define MAX_DAYS 2958466.0   /* the year 10000 */

HRESULT automation_create(const CLSID *class_id, IDispatch **ret_object)
{
    IDispatch *object = NULL;
    HRESULT result =
        CoCreateInstance(class_id, NULL, CLSCTX_INPROC_SERVER, &IID_IDispatch, (void **)&object);

    if (SUCCEEDED(result))
        *ret_object = object;
    return result;
}

void automation_release(IDispatch *object)
{
    if (object)
        IDispatch_Release(object);
}

/* "Exception" says nothing; its code does. */
static HRESULT code_of(EXCEPINFO *exception)
{
    HRESULT code = DISP_E_EXCEPTION;

    if (exception->pfnDeferredFillIn)
        exception->pfnDeferredFillIn(exception);
    if (FAILED(exception->scode))
        code = exception->scode;
    SysFreeString(exception->bstrSource);
    SysFreeString(exception->bstrDescription);
    SysFreeString(exception->bstrHelpFile);
    return code;
}

/* `ret_value` is empty on failure. */
static HRESULT invoke(IDispatch *object, const wchar_t *name, WORD how, VARIANT *argument,
                      VARIANT *ret_value)
{
    DISPID id = DISPID_UNKNOWN, put = DISPID_PROPERTYPUT;
    DISPPARAMS arguments = {.rgvarg = argument, .cArgs = argument ? 1 : 0};
    EXCEPINFO exception = {0};
    wchar_t copy[64];
    LPOLESTR names = copy;
    UINT wrong = 0;
    HRESULT result;

    if (ret_value)
        VariantInit(ret_value);
    if (wcslen(name) >= sizeof copy / sizeof *copy)
        return E_INVALIDARG;
    memcpy(copy, name, (wcslen(name) + 1) * sizeof *copy);
    if (how == DISPATCH_PROPERTYPUT) {
        arguments.rgdispidNamedArgs = &put;
        arguments.cNamedArgs = 1;
    }
    result = IDispatch_GetIDsOfNames(object, &IID_NULL, &names, 1, LOCALE_USER_DEFAULT, &id);
    if (SUCCEEDED(result))
        result = IDispatch_Invoke(object, id, &IID_NULL, LOCALE_USER_DEFAULT, how, &arguments,
                                  ret_value, &exception, &wrong);
    if (result == DISP_E_EXCEPTION)
        result = code_of(&exception);
    if (FAILED(result) && ret_value)
        VariantClear(ret_value);
    return result;
}

static HRESULT object_of(HRESULT result, VARIANT *value, IDispatch **ret_object)
{
    if (SUCCEEDED(result) && V_VT(value) == VT_DISPATCH && V_DISPATCH(value)) {
        *ret_object = V_DISPATCH(value);
        return S_OK;
    }
    if (SUCCEEDED(result)) {
        VariantClear(value);
        return DISP_E_TYPEMISMATCH;
    }
    return result;
}

HRESULT automation_object(IDispatch *object, const wchar_t *name, IDispatch **ret_object)
{
    VARIANT value;
    HRESULT result = invoke(object, name, DISPATCH_PROPERTYGET, NULL, &value);

    return object_of(result, &value, ret_object);
}

HRESULT automation_item(IDispatch *collection, int32_t index, IDispatch **ret_object)
{
    VARIANT value, place;
    HRESULT result;

    VariantInit(&place);
    V_VT(&place) = VT_I4;
    V_I4(&place) = index;
    result = invoke(collection, L"Item", DISPATCH_PROPERTYGET, &place, &value);
    return object_of(result, &value, ret_object);
}

HRESULT automation_call(IDispatch *object, const wchar_t *name, const wchar_t *argument,
                        IDispatch **ret_object)
{
    VARIANT value, text;
    HRESULT result;

    VariantInit(&text);
    if (argument) {
        V_VT(&text) = VT_BSTR;
        V_BSTR(&text) = SysAllocString(argument);
        if (!V_BSTR(&text))
            return E_OUTOFMEMORY;
    }
    result = invoke(object, name, DISPATCH_METHOD, argument ? &text : NULL, &value);
    VariantClear(&text);
    return object_of(result, &value, ret_object);
}

HRESULT automation_number(IDispatch *object, const wchar_t *name, int32_t *ret_number)
{
    VARIANT value;
    HRESULT result = invoke(object, name, DISPATCH_PROPERTYGET, NULL, &value);

    if (FAILED(result))
        return result;
    if (V_VT(&value) == VT_I4)
        *ret_number = V_I4(&value);
    else
        result = DISP_E_TYPEMISMATCH;
    VariantClear(&value);
    return result;
}

HRESULT automation_boolean(IDispatch *object, const wchar_t *name, bool *ret_value)
{
    VARIANT value;
    HRESULT result = invoke(object, name, DISPATCH_PROPERTYGET, NULL, &value);

    if (FAILED(result))
        return result;
    if (V_VT(&value) == VT_BOOL)
        *ret_value = V_BOOL(&value) != VARIANT_FALSE;
    else
        result = DISP_E_TYPEMISMATCH;
    VariantClear(&value);
    return result;
}

HRESULT automation_set_boolean(IDispatch *object, const wchar_t *name, bool value)
{
    VARIANT wanted;

    VariantInit(&wanted);
    V_VT(&wanted) = VT_BOOL;
    V_BOOL(&wanted) = value ? VARIANT_TRUE : VARIANT_FALSE;
    return invoke(object, name, DISPATCH_PROPERTYPUT, &wanted, NULL);
}

HRESULT automation_text(IDispatch *object, const wchar_t *name, char *ret_text, size_t size)
{
    VARIANT value;
    HRESULT result = invoke(object, name, DISPATCH_PROPERTYGET, NULL, &value);
    int length, fit, used;

    if (FAILED(result))
        return result;
    if (V_VT(&value) == VT_BSTR) {
        length = (int)SysStringLen(V_BSTR(&value)); /* of no text: 0 */
        fit = (int)size / 3 - 1; /* a character of UTF-16 takes 3 bytes at most */
        if (length > fit)
            length = fit;
        used = length > 0 ? WideCharToMultiByte(CP_UTF8, 0, V_BSTR(&value), length, ret_text,
                                                (int)size - 1, NULL, NULL)
                          : 0;
        ret_text[used] = '\0';
    } else {
        result = DISP_E_TYPEMISMATCH;
    }
    VariantClear(&value);
    return result;
}

HRESULT automation_date(IDispatch *object, const wchar_t *name, int64_t *ret_seconds)
{
    VARIANT value;
    HRESULT result = invoke(object, name, DISPATCH_PROPERTYGET, NULL, &value);

    if (FAILED(result))
        return result;
    if (V_VT(&value) == VT_EMPTY || V_VT(&value) == VT_NULL)
        result = S_FALSE;
    else if (V_VT(&value) != VT_DATE || !(V_DATE(&value) >= 0 && V_DATE(&value) < MAX_DAYS))
        result = DISP_E_TYPEMISMATCH;
    else
        *ret_seconds = (int64_t)((V_DATE(&value) - DAYS_TO_1970) * SECONDS_PER_DAY);
    VariantClear(&value);
    return result;
}
