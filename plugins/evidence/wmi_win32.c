/* SPDX-License-Identifier: MIT */
/*
 * WMI: see wmi_win32.h.
 *
 * The system's own limit of connecting is two minutes, longer than a check may take; so the whole question
 * is asked on a thread that is left behind when its time is up.
 */
#define COBJMACROS
#include "wmi_win32.h"

#include "bounded_call_win32.h"

#include <windows.h>

#include <initguid.h>
#include <oleauto.h>
#include <wbemcli.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MS 20000 /* a check has 30 s */
#define ROW_WAIT_MS 5000
#define ROWS_MAX 256
#define MAX_TEXT 512

struct wmi_row {
    IWbemClassObject *object;
};

typedef struct question {
    char name_space[MAX_TEXT], query[MAX_TEXT];
    wmi_row rows[ROWS_MAX];
    size_t count;
    bool complete;
    char problem[200];
} question;

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

static bool read_rows(IEnumWbemClassObject *rows, question *asked)
{
    for (;;) {
        IWbemClassObject *object = NULL;
        ULONG count = 0;
        HRESULT result = IEnumWbemClassObject_Next(rows, ROW_WAIT_MS, 1, &object, &count);

        if (FAILED(result) || result == (HRESULT)WBEM_S_TIMEDOUT)
            return problem(asked->problem, sizeof asked->problem, "answer", result);
        if (count == 0)
            return true;
        if (asked->count == ROWS_MAX) {
            IWbemClassObject_Release(object);
            snprintf(asked->problem, sizeof asked->problem, "answer: more than %d rows", ROWS_MAX);
            return false;
        }
        asked->rows[asked->count++].object = object;
    }
}

static bool ask(IWbemServices *services, question *asked)
{
    IEnumWbemClassObject *rows = NULL;
    BSTR language = text_of("WQL"), text = text_of(asked->query);
    HRESULT result = E_OUTOFMEMORY;
    bool complete;

    if (language && text)
        result = IWbemServices_ExecQuery(services, language, text,
                                         WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY,
                                         NULL, &rows);
    SysFreeString(language);
    SysFreeString(text);
    if (FAILED(result))
        return problem(asked->problem, sizeof asked->problem, "question", result);
    complete = read_rows(rows, asked);
    IEnumWbemClassObject_Release(rows);
    return complete;
}

static void release_rows(question *asked)
{
    for (size_t i = 0; i < asked->count; i++)
        IWbemClassObject_Release(asked->rows[i].object);
    asked->count = 0;
}

/* On a thread of its own.  Rows of an answer that nobody waits for any more go here, while COM is there. */
static void work(void *data)
{
    question *asked = data;
    ULONGLONG begun = GetTickCount64();
    HRESULT entered = CoInitializeEx(NULL, COINIT_MULTITHREADED);
    IWbemServices *services = NULL;

    if (FAILED(entered)) {
        problem(asked->problem, sizeof asked->problem, "COM", entered);
        return;
    }
    if (connect(asked->name_space, &services, asked->problem, sizeof asked->problem)) {
        asked->complete = ask(services, asked);
        IWbemServices_Release(services);
    }
    if (GetTickCount64() - begun >= LIMIT_MS)
        release_rows(asked);
    CoUninitialize();
}

static bool is_cancelled(const void *data)
{
    return data && check_task_cancelled(data);
}

static question *make_question(const char *name_space, const char *query)
{
    question *asked = calloc(1, sizeof *asked);
    size_t place = strlen(name_space) + 1, text = strlen(query) + 1;

    if (!asked || place > sizeof asked->name_space || text > sizeof asked->query) {
        free(asked);
        return NULL;
    }
    memcpy(asked->name_space, name_space, place);
    memcpy(asked->query, query, text);
    return asked;
}

static bool not_answered(bounded_outcome outcome, char *text, size_t size)
{
    snprintf(text, size, "%s",
             outcome == CALL_LATE      ? "WMI did not answer within 20 s"
             : outcome == CALL_BUSY    ? "WMI has not answered an earlier question yet"
             : outcome == CALL_STOPPED ? "cancelled"
                                       : "no memory or no thread for the question");
    return false;
}

bool wmi_query(const check_task *task, const char *name_space, const char *query,
               bool (*row)(void *data, const wmi_row *row), void *data, char *ret_problem,
               size_t size)
{
    /* Keeps COM there for the rows when the thread has gone. */
    HRESULT entered = CoInitializeEx(NULL, COINIT_MULTITHREADED);
    question *asked = NULL;
    bool complete;

    if (FAILED(entered))
        return problem(ret_problem, size, "COM", entered);
    asked = make_question(name_space, query);
    bounded_outcome outcome =
        asked ? bounded_call(work, asked, LIMIT_MS, is_cancelled, task) : CALL_FAILED;
    if (outcome != CALL_DONE) {
        CoUninitialize();
        return not_answered(outcome, ret_problem, size);
    }
    complete = asked->complete;
    for (size_t i = 0; i < asked->count; i++)
        if (!row(data, &asked->rows[i]))
            break;
    if (!complete)
        snprintf(ret_problem, size, "%s", asked->problem);
    release_rows(asked);
    free(asked);
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
