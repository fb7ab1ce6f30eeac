/* SPDX-License-Identifier: MIT */
/* WMI: see wmi_win32.h.  Every wait has an end: connecting two minutes, each row five seconds. */
#define COBJMACROS
#include "wmi_win32.h"

#include <windows.h>

#include <initguid.h>
#include <oleauto.h>
#include <wbemcli.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_WAIT_MS 5000
#define MAX_TEXT 512

struct wmi_row {
    IWbemClassObject *object;
};

static BSTR text_of(const char *text)
{
    wchar_t wide[MAX_TEXT];

    return MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, MAX_TEXT) > 0 ? SysAllocString(wide)
                                                                         : NULL;
}

static bool problem(char *text, size_t size, const char *what, HRESULT result)
{
    snprintf(text, size, "%s: %s 0x%08lx", what,
             result == (HRESULT)WBEM_S_TIMEDOUT ? "time-out" : "error", (unsigned long)result);
    return false;
}

static bool connect(const char *name_space, IWbemServices **ret_services, char *text, size_t size)
{
    IWbemLocator *locator = NULL;
    BSTR place = text_of(name_space);
    HRESULT result;

    if (!place)
        return problem(text, size, name_space, E_OUTOFMEMORY);
    result = CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator,
                              (void **)&locator);
    if (SUCCEEDED(result)) {
        result =
            IWbemLocator_ConnectServer(locator, place, NULL, NULL, NULL,
                                       WBEM_FLAG_CONNECT_USE_MAX_WAIT, NULL, NULL, ret_services);
        IWbemLocator_Release(locator);
    }
    SysFreeString(place);
    if (FAILED(result))
        return problem(text, size, name_space, result);
    /* without it the provider may refuse; then the question says so */
    CoSetProxyBlanket((IUnknown *)*ret_services, RPC_C_AUTHN_WINNT, RPC_C_AUTHZ_NONE, NULL,
                      RPC_C_AUTHN_LEVEL_CALL, RPC_C_IMP_LEVEL_IMPERSONATE, NULL, EOAC_NONE);
    return true;
}

static bool read_rows(IEnumWbemClassObject *rows, bool (*row)(void *data, const wmi_row *row),
                      void *data, char *text, size_t size)
{
    for (;;) {
        wmi_row current = {NULL};
        ULONG count = 0;
        HRESULT result = IEnumWbemClassObject_Next(rows, ROW_WAIT_MS, 1, &current.object, &count);
        bool more;

        if (FAILED(result) || result == (HRESULT)WBEM_S_TIMEDOUT)
            return problem(text, size, "answer", result);
        if (count == 0)
            return true;
        more = row(data, &current);
        IWbemClassObject_Release(current.object);
        if (!more)
            return true;
    }
}

static bool ask(IWbemServices *services, const char *query,
                bool (*row)(void *data, const wmi_row *row), void *data, char *text, size_t size)
{
    IEnumWbemClassObject *rows = NULL;
    BSTR language = text_of("WQL"), question = text_of(query);
    HRESULT result = E_OUTOFMEMORY;
    bool complete;

    if (language && question)
        result = IWbemServices_ExecQuery(services, language, question,
                                         WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY,
                                         NULL, &rows);
    SysFreeString(language);
    SysFreeString(question);
    if (FAILED(result))
        return problem(text, size, "question", result);
    complete = read_rows(rows, row, data, text, size);
    IEnumWbemClassObject_Release(rows);
    return complete;
}

bool wmi_query(const char *name_space, const char *query,
               bool (*row)(void *data, const wmi_row *row), void *data, char *ret_problem,
               size_t size)
{
    HRESULT entered = CoInitializeEx(NULL, COINIT_MULTITHREADED);
    IWbemServices *services = NULL;
    bool complete = false;

    if (FAILED(entered) && entered != RPC_E_CHANGED_MODE)
        return problem(ret_problem, size, "COM", entered);
    if (connect(name_space, &services, ret_problem, size)) {
        complete = ask(services, query, row, data, ret_problem, size);
        IWbemServices_Release(services);
    }
    if (SUCCEEDED(entered))
        CoUninitialize();
    return complete;
}

static bool get(const wmi_row *row, const char *name, VARIANT *ret_value)
{
    BSTR property = text_of(name);
    HRESULT result;

    VariantInit(ret_value);
    if (!property)
        return false;
    result = IWbemClassObject_Get(row->object, property, 0, ret_value, NULL, NULL);
    SysFreeString(property);
    return SUCCEEDED(result);
}

bool wmi_text(const wmi_row *row, const char *name, char *ret_text, size_t size)
{
    VARIANT value;
    bool good = get(row, name, &value) && V_VT(&value) == VT_BSTR && V_BSTR(&value);
    int needed =
        good ? WideCharToMultiByte(CP_UTF8, 0, V_BSTR(&value), -1, NULL, 0, NULL, NULL) : 0;

    /* a text that does not fit would be left without its end */
    good = needed > 0 && (size_t)needed <= size &&
           WideCharToMultiByte(CP_UTF8, 0, V_BSTR(&value), -1, ret_text, (int)size, NULL, NULL) > 0;
    VariantClear(&value);
    return good;
}

bool wmi_number(const wmi_row *row, const char *name, int64_t *ret_number)
{
    VARIANT value;
    bool good = get(row, name, &value);

    switch (good ? V_VT(&value) : VT_EMPTY) {
    case VT_I4:
        *ret_number = V_I4(&value);
        break;
    case VT_UI4:
        *ret_number = V_UI4(&value);
        break;
    case VT_I2:
        *ret_number = V_I2(&value);
        break;
    case VT_UI1:
        *ret_number = V_UI1(&value);
        break;
    default:
        good = false;
    }
    VariantClear(&value);
    return good;
}
