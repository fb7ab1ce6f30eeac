/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for Windows' management instrumentation: a COM server in the locator's place, whose
 * answers stand in the text file beside it (standin_answers_win32.h).  SPACE is the last part of a
 * name space's name.
 *
 *   SPACE=there             else there is no such name space
 *   SPACE.until=FILE        ConnectServer takes until that file is there, or a minute
 *   SPACE.connect=HR, SPACE.ask=HR        ConnectServer or ExecQuery fails
 *   SPACE.row=NAME:VALUE|...              any number; "#5" is a number, "-" is empty
 *   SPACE.end=HR            what comes after the rows, else their end; 40004 is a time-out
 */
#define COBJMACROS
#include "standin_answers_win32.h"

#include <initguid.h>
#include <objbase.h>
#include <oleauto.h>
#include <wbemcli.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAME 100
#define MAX_ROW 500

/* Locator, name space, answer and row alike; what they are is their table of functions. */
typedef struct object {
    const void *functions;
    LONG references;
    char space[MAX_NAME];
    int next;          /* of an answer */
    char row[MAX_ROW]; /* of a row */
} object;

static void *make(const void *functions, const char *space)
{
    object *made = calloc(1, sizeof *made);

    if (!made)
        return NULL;
    made->functions = functions;
    made->references = 1;
    snprintf(made->space, sizeof made->space, "%s", space);
    return made;
}

static HRESULT query(void *this, bool known, void **ret_object)
{
    if (!known)
        return E_NOINTERFACE;
    InterlockedIncrement(&((object *)this)->references);
    *ret_object = this;
    return S_OK;
}

static ULONG add_reference(void *this)
{
    return (ULONG)InterlockedIncrement(&((object *)this)->references);
}

static ULONG release(void *this)
{
    LONG left = InterlockedDecrement(&((object *)this)->references);

    if (left == 0)
        free(this);
    return (ULONG)left;
}

/* The same three for each kind, by its type. */
#define COUNTED(type)                                                                              \
    static HRESULT WINAPI type##_query(type *this, REFIID id, void **ret_object)                   \
    {                                                                                              \
        return query(this, IsEqualGUID(id, &IID_IUnknown) || IsEqualGUID(id, &IID_##type),         \
                     ret_object);                                                                  \
    }                                                                                              \
    static ULONG WINAPI type##_add(type *this)                                                     \
    {                                                                                              \
        return add_reference(this);                                                                \
    }                                                                                              \
    static ULONG WINAPI type##_release(type *this)                                                 \
    {                                                                                              \
        return release(this);                                                                      \
    }

static bool space_answer(const object *self, const char *key, int index, char *ret_value,
                         size_t size)
{
    char whole[MAX_NAME + 32];

    snprintf(whole, sizeof whole, "%s.%s", self->space, key);
    return standin_answer(whole, index, ret_value, size);
}

static HRESULT space_code(const object *self, const char *key, HRESULT otherwise)
{
    char text[32];

    return space_answer(self, key, 0, text, sizeof text) ? standin_code_of(text) : otherwise;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static HRESULT give(const char *text, VARIANT *ret_value)
{
    wchar_t wide[MAX_ROW];

    VariantInit(ret_value);
    if (text[0] == '#') {
        V_VT(ret_value) = VT_I4;
        V_I4(ret_value) = (LONG)strtol(text + 1, NULL, 0);
    } else if (strcmp(text, "-") == 0) {
        V_VT(ret_value) = VT_NULL;
    } else if (MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, MAX_ROW) > 0) {
        V_VT(ret_value) = VT_BSTR;
        V_BSTR(ret_value) = SysAllocString(wide);
    }
    return S_OK;
}

static HRESULT WINAPI row_get(IWbemClassObject *this, LPCWSTR name, LONG flags, VARIANT *ret_value,
                              CIMTYPE *ret_type, LONG *ret_flavor)
{
    char wanted[MAX_NAME], row[MAX_ROW], *save = NULL;
    size_t length;

    (void)flags, (void)ret_type, (void)ret_flavor;
    if (WideCharToMultiByte(CP_UTF8, 0, name, -1, wanted, MAX_NAME, NULL, NULL) <= 0)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    length = strlen(wanted);
    snprintf(row, sizeof row, "%s", ((object *)this)->row);
    for (char *part = strtok_r(row, "|", &save); part; part = strtok_r(NULL, "|", &save))
        if (strncmp(part, wanted, length) == 0 && part[length] == ':')
            return give(part + length + 1, ret_value);
    return (HRESULT)WBEM_E_NOT_FOUND;
}

COUNTED(IWbemClassObject)
static const IWbemClassObjectVtbl row_functions = {
    .QueryInterface = IWbemClassObject_query,
    .AddRef = IWbemClassObject_add,
    .Release = IWbemClassObject_release,
    .Get = row_get,
};

static HRESULT WINAPI rows_next(IEnumWbemClassObject *this, LONG wait, ULONG count,
                                IWbemClassObject **ret_rows, ULONG *ret_count)
{
    object *self = (object *)this, *row;
    char text[MAX_ROW];

    *ret_count = 0;
    if (wait < 0 || count != 1)
        return (HRESULT)WBEM_E_INVALID_PARAMETER; /* no question without an end */
    if (!space_answer(self, "row", self->next, text, sizeof text))
        return space_code(self, "end", (HRESULT)WBEM_S_FALSE);
    row = make(&row_functions, self->space);
    if (!row)
        return (HRESULT)WBEM_E_OUT_OF_MEMORY;
    self->next++;
    memcpy(row->row, text, sizeof row->row);
    *ret_rows = (void *)row;
    *ret_count = 1;
    return S_OK;
}

COUNTED(IEnumWbemClassObject)
static const IEnumWbemClassObjectVtbl rows_functions = {
    .QueryInterface = IEnumWbemClassObject_query,
    .AddRef = IEnumWbemClassObject_add,
    .Release = IEnumWbemClassObject_release,
    .Next = rows_next,
};

/* ---- Name spaces ----------------------------------------------------------------------------- */

static HRESULT WINAPI space_ask(IWbemServices *this, const BSTR language, const BSTR question,
                                LONG flags, IWbemContext *context, IEnumWbemClassObject **ret_rows)
{
    object *self = (object *)this;
    HRESULT result = space_code(self, "ask", S_OK);

    (void)flags, (void)context;
    if (FAILED(result))
        return result;
    if (wcscmp(language, L"WQL") != 0 || wcsncmp(question, L"SELECT ", 7) != 0)
        return (HRESULT)WBEM_E_INVALID_QUERY;
    *ret_rows = make(&rows_functions, self->space);
    return *ret_rows ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
}

COUNTED(IWbemServices)
static const IWbemServicesVtbl space_functions = {
    .QueryInterface = IWbemServices_query,
    .AddRef = IWbemServices_add,
    .Release = IWbemServices_release,
    .ExecQuery = space_ask,
};

static HRESULT WINAPI connect(IWbemLocator *this, const BSTR place, const BSTR user,
                              const BSTR password, const BSTR locale, LONG flags,
                              const BSTR authority, IWbemContext *context,
                              IWbemServices **ret_space)
{
    char name[MAX_NAME], text[32];
    const char *last;
    object *space;
    HRESULT result;

    (void)this, (void)user, (void)password, (void)locale, (void)authority, (void)context;
    if (!(flags & WBEM_FLAG_CONNECT_USE_MAX_WAIT) ||
        WideCharToMultiByte(CP_UTF8, 0, place, -1, name, MAX_NAME, NULL, NULL) <= 0)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    last = strrchr(name, '\\') ? strrchr(name, '\\') + 1 : name;
    if (!standin_answer(last, 0, text, sizeof text))
        return (HRESULT)WBEM_E_INVALID_NAMESPACE;
    space = make(&space_functions, last);
    if (!space)
        return (HRESULT)WBEM_E_OUT_OF_MEMORY;
    if (space_answer(space, "until", 0, text, sizeof text))
        for (int tries = 0; tries < 1200 && GetFileAttributesA(text) == INVALID_FILE_ATTRIBUTES;
             tries++)
            Sleep(50);
    result = space_code(space, "connect", S_OK);
    if (FAILED(result)) {
        release(space);
        return result;
    }
    *ret_space = (void *)space;
    return S_OK;
}

COUNTED(IWbemLocator)
static const IWbemLocatorVtbl locator_functions = {
    .QueryInterface = IWbemLocator_query,
    .AddRef = IWbemLocator_add,
    .Release = IWbemLocator_release,
    .ConnectServer = connect,
};

/* ---- The server ------------------------------------------------------------------------------ */

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
    IWbemLocator *made;
    HRESULT result;

    (void)this;
    if (outer)
        return CLASS_E_NOAGGREGATION;
    made = make(&locator_functions, "");
    if (!made)
        return E_OUTOFMEMORY;
    result = IWbemLocator_QueryInterface(made, id, ret_object);
    IWbemLocator_Release(made);
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
    static IClassFactory factory = {&table};

    (void)class_id;
    return factory_query(&factory, id, ret_object);
}

__declspec(dllexport) HRESULT WINAPI DllCanUnloadNow(void)
{
    return S_FALSE;
}
