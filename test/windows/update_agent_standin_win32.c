/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for Windows' update agent: a COM server whose answers stand in the text file beside
 * it (standin_answers_win32.h).
 *
 *   create=HR               CoCreateInstance fails
 *   search=HR               Search fails; exception=HR: by an exception
 *   wait=MS                 Search takes that long
 *   code=N                  ResultCode, else 2
 *   update=TITLE|SEVERITY|CATEGORY ID     any number; "!HR" as severity or id is an error
 *   searched=DAYS, installed=DAYS         so many days ago; "never", "text", or "!HR"
 *   restart=0|1, "text" or "!HR"
 *
 * It refuses any search but the one without the network.
 */
#define COBJMACROS
#include "standin_answers_win32.h"

#include <initguid.h>
#include <objbase.h>
#include <oleauto.h>
#include <wuapi.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    SESSION,
    SEARCHER,
    FOUND,
    UPDATES,
    UPDATE,
    CATEGORIES,
    CATEGORY,
    AUTO,
    RESULTS,
    SYSTEM
};

typedef struct object {
    IDispatch dispatch;
    LONG references;
    enum kind kind;
    int index; /* of UPDATE and below */
    bool offline;
} object;

static const char *const members[] = {"CreateUpdateSearcher",
                                      "Online",
                                      "Search",
                                      "ResultCode",
                                      "Updates",
                                      "Count",
                                      "Item",
                                      "Title",
                                      "Categories",
                                      "MsrcSeverity",
                                      "CategoryID",
                                      "Results",
                                      "LastSearchSuccessDate",
                                      "LastInstallationSuccessDate",
                                      "RebootRequired"};

/* ---- Values ---------------------------------------------------------------------------------- */

static HRESULT give_number(VARIANT *result, int number)
{
    V_VT(result) = VT_I4;
    V_I4(result) = number;
    return S_OK;
}

static HRESULT give_text(VARIANT *result, const char *text)
{
    wchar_t wide[300];

    if (text[0] == '!')
        return standin_code_of(text + 1);
    if (MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, 300) <= 0)
        return E_INVALIDARG;
    V_VT(result) = VT_BSTR;
    V_BSTR(result) =
        wide[0] ? SysAllocString(wide) : NULL; /* an empty text is none, as with the agent */
    return S_OK;
}

static HRESULT give_date(VARIANT *result, const char *key)
{
    char text[64] = "never";
    FILETIME now;

    standin_answer(key, 0, text, sizeof text);
    if (text[0] == '!' || strcmp(text, "text") == 0)
        return give_text(result, text);
    if (strcmp(text, "never") == 0)
        return S_OK; /* empty */
    GetSystemTimeAsFileTime(&now);
    V_VT(result) = VT_DATE; /* days since the end of 1899; a file's time counts 0.1 us since 1601 */
    V_DATE(result) = (double)((ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime) / 864e9 -
                     109205 - strtod(text, NULL);
    return S_OK;
}

static HRESULT give_restart(VARIANT *result)
{
    char text[32] = "0";

    standin_answer("restart", 0, text, sizeof text);
    if (text[0] != '0' && text[0] != '1')
        return give_text(result, text);
    V_VT(result) = VT_BOOL;
    V_BOOL(result) = text[0] == '1' ? VARIANT_TRUE : VARIANT_FALSE;
    return S_OK;
}

/* Title, severity or category of an update: the n-th part of its line. */
static HRESULT give_part(VARIANT *result, int update, int part)
{
    char text[300] = "", *at = text;

    standin_answer("update", update, text, sizeof text);
    for (; part > 0; part--)
        at = strchr(at, '|') ? strchr(at, '|') + 1 : strchr(at, '\0');
    at[strcspn(at, "|")] = '\0';
    return give_text(result, at);
}

static int count_updates(void)
{
    char text[300];
    int count = 0;

    while (standin_answer("update", count, text, sizeof text))
        count++;
    return count;
}

/* ---- Objects --------------------------------------------------------------------------------- */

static IDispatch *make(enum kind kind, int index);

static HRESULT give_object(VARIANT *result, enum kind kind, int index)
{
    IDispatch *made = make(kind, index);

    if (!made)
        return E_OUTOFMEMORY;
    V_VT(result) = VT_DISPATCH;
    V_DISPATCH(result) = made;
    return S_OK;
}

static HRESULT search(const object *self, const DISPPARAMS *arguments, VARIANT *result,
                      EXCEPINFO *exception)
{
    char text[32];

    if (!self->offline || arguments->cArgs != 1 || V_VT(arguments->rgvarg) != VT_BSTR ||
        wcscmp(V_BSTR(arguments->rgvarg), L"IsInstalled=0 and IsHidden=0 and Type='Software'") != 0)
        return E_INVALIDARG;
    if (standin_answer("wait", 0, text, sizeof text))
        Sleep(strtoul(text, NULL, 10));
    if (exception && standin_answer("exception", 0, text, sizeof text)) {
        exception->scode = standin_code_of(text);
        return DISP_E_EXCEPTION;
    }
    return FAILED(standin_code("search")) ? standin_code("search") : give_object(result, FOUND, 0);
}

static HRESULT get(const object *self, const char *name, const DISPPARAMS *arguments,
                   VARIANT *result)
{
    char text[32] = "2";
    int index =
        arguments->cArgs == 1 && V_VT(arguments->rgvarg) == VT_I4 ? V_I4(arguments->rgvarg) : -1;

    switch (self->kind) {
    case FOUND:
        standin_answer("code", 0, text, sizeof text);
        return strcmp(name, "ResultCode") == 0 ? give_number(result, atoi(text))
                                               : give_object(result, UPDATES, 0);
    case UPDATES:
        if (strcmp(name, "Count") == 0)
            return give_number(result, count_updates());
        return index >= 0 ? give_object(result, UPDATE, index) : E_INVALIDARG;
    case UPDATE:
        if (strcmp(name, "Categories") == 0)
            return give_object(result, CATEGORIES, self->index);
        return give_part(result, self->index, strcmp(name, "MsrcSeverity") == 0);
    case CATEGORIES:
        return strcmp(name, "Count") == 0 ? give_number(result, 1)
                                          : give_object(result, CATEGORY, self->index);
    case CATEGORY:
        return give_part(result, self->index, 2);
    case AUTO:
        return give_object(result, RESULTS, 0);
    case RESULTS:
        return give_date(result,
                         strcmp(name, "LastSearchSuccessDate") == 0 ? "searched" : "installed");
    case SYSTEM:
        return give_restart(result);
    case SESSION:
    case SEARCHER:
        break;
    }
    return DISP_E_MEMBERNOTFOUND;
}

static HRESULT WINAPI query(IDispatch *this, REFIID id, void **ret_object)
{
    if (!IsEqualGUID(id, &IID_IUnknown) && !IsEqualGUID(id, &IID_IDispatch))
        return E_NOINTERFACE;
    IDispatch_AddRef(this);
    *ret_object = this;
    return S_OK;
}

static ULONG WINAPI add_reference(IDispatch *this)
{
    return (ULONG)InterlockedIncrement(&((object *)this)->references);
}

static ULONG WINAPI release(IDispatch *this)
{
    LONG left = InterlockedDecrement(&((object *)this)->references);

    if (left == 0)
        free(this);
    return (ULONG)left;
}

static HRESULT WINAPI type_count(IDispatch *this, UINT *ret_count)
{
    (void)this;
    *ret_count = 0;
    return S_OK;
}

static HRESULT WINAPI type_info(IDispatch *this, UINT index, LCID locale, ITypeInfo **ret_info)
{
    (void)this, (void)index, (void)locale;
    *ret_info = NULL;
    return DISP_E_BADINDEX;
}

static HRESULT WINAPI ids_of_names(IDispatch *this, REFIID reserved, LPOLESTR *names, UINT count,
                                   LCID locale, DISPID *ret_ids)
{
    char name[64];

    (void)this, (void)reserved, (void)locale;
    if (count != 1 || WideCharToMultiByte(CP_UTF8, 0, names[0], -1, name, 64, NULL, NULL) <= 0)
        return E_INVALIDARG;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(members[i], name) == 0) {
            ret_ids[0] = (DISPID)i + 1;
            return S_OK;
        }
    return DISP_E_UNKNOWNNAME;
}

static HRESULT WINAPI invoke(IDispatch *this, DISPID id, REFIID reserved, LCID locale, WORD how,
                             DISPPARAMS *arguments, VARIANT *result, EXCEPINFO *exception,
                             UINT *wrong)
{
    object *self = (object *)this;
    const char *name =
        id >= 1 && id <= (DISPID)(sizeof members / sizeof *members) ? members[id - 1] : "";

    (void)reserved, (void)locale, (void)wrong;
    if (self->kind == SESSION && how & DISPATCH_METHOD && strcmp(name, "CreateUpdateSearcher") == 0)
        return give_object(result, SEARCHER, 0);
    if (self->kind == SEARCHER && how & DISPATCH_METHOD && strcmp(name, "Search") == 0)
        return search(self, arguments, result, exception);
    if (self->kind == SEARCHER && how == DISPATCH_PROPERTYPUT && strcmp(name, "Online") == 0 &&
        arguments->cArgs == 1 && arguments->cNamedArgs == 1 &&
        arguments->rgdispidNamedArgs[0] == DISPID_PROPERTYPUT) {
        self->offline = V_BOOL(arguments->rgvarg) == VARIANT_FALSE;
        return S_OK;
    }
    return how & DISPATCH_PROPERTYGET ? get(self, name, arguments, result) : DISP_E_MEMBERNOTFOUND;
}

static IDispatch *make(enum kind kind, int index)
{
    static IDispatchVtbl table = {query,     add_reference, release, type_count,
                                  type_info, ids_of_names,  invoke};
    object *made = calloc(1, sizeof *made);

    if (!made)
        return NULL;
    made->dispatch.lpVtbl = &table;
    made->references = 1;
    made->kind = kind;
    made->index = index;
    return &made->dispatch;
}

/* ---- The server ------------------------------------------------------------------------------ */

typedef struct factory {
    IClassFactory interface_of;
    enum kind kind;
} factory;

static HRESULT WINAPI factory_query(IClassFactory *this, REFIID id, void **ret_object)
{
    if (!IsEqualGUID(id, &IID_IUnknown) && !IsEqualGUID(id, &IID_IClassFactory))
        return E_NOINTERFACE;
    *ret_object = this;
    return S_OK;
}

static ULONG WINAPI factory_count(IClassFactory *this)
{
    (void)this;
    return 1;
}

static HRESULT WINAPI factory_create(IClassFactory *this, IUnknown *outer, REFIID id,
                                     void **ret_object)
{
    HRESULT result = standin_code("create");
    IDispatch *made;

    if (outer)
        return CLASS_E_NOAGGREGATION;
    if (FAILED(result))
        return result;
    made = make(((factory *)this)->kind, 0);
    if (!made)
        return E_OUTOFMEMORY;
    result = IDispatch_QueryInterface(made, id, ret_object);
    IDispatch_Release(made);
    return result;
}

static HRESULT WINAPI factory_lock(IClassFactory *this, BOOL lock)
{
    (void)this, (void)lock;
    return S_OK;
}

__declspec(dllexport) HRESULT WINAPI
    DllGetClassObject(REFCLSID class_id, REFIID id, void **ret_object)
{
    static IClassFactoryVtbl table = {factory_query, factory_count, factory_count, factory_create,
                                      factory_lock};
    static factory factories[] = {{{&table}, SESSION}, {{&table}, AUTO}, {{&table}, SYSTEM}};
    const CLSID *ids[] = {&CLSID_UpdateSession, &CLSID_AutomaticUpdates, &CLSID_SystemInformation};

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (IsEqualGUID(class_id, ids[i]))
            return factory_query(&factories[i].interface_of, id, ret_object);
    return CLASS_E_CLASSNOTAVAILABLE;
}

__declspec(dllexport) HRESULT WINAPI DllCanUnloadNow(void)
{
    return S_FALSE;
}
