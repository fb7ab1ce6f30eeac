/* SPDX-License-Identifier: MIT */
/*
 * The hidden window and its message loop.
 *
 * Others leave a model or a question under the lock and post a message; should that be lost, or the
 * window not be there yet, the look at the beginning and at each later message finds it.
 */
#include "tray_win32.h"

#include <commctrl.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windowsx.h>

#define CLASS_NAME L"RealmJoinTray"
#define TIMER_ICON 1u
#define MANIFEST_RESOURCE 2 /* of this module: version 6 of the controls */

static UINT taskbar_created;

void tray_log(tray *view, int32_t level, const char *text)
{
    view->host.log(view->host.data, level, text);
}

/* ---- From any thread ------------------------------------------------------------------------- */

static void post(tray *view, UINT message)
{
    if (view->window)
        PostMessageW(view->window, message, 0, 0);
}

bool tray_show(tray *view, const char *model_json, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy)
        return false;
    memcpy(copy, model_json, length);
    copy[length] = '\0';
    EnterCriticalSection(&view->lock);
    free(view->pending);
    view->pending = copy;
    view->pending_length = length;
    post(view, TRAY_WM_MODEL);
    LeaveCriticalSection(&view->lock);
    return true;
}

bool tray_ask(tray *view, const char *prompt_json, size_t length, rj_op question)
{
    tray_question *asked = calloc(1, sizeof *asked);
    if (!asked)
        return false;
    asked->op = question;
    asked->prompt = tray_prompt_read(prompt_json, length); /* NULL is answered by the lane */
    EnterCriticalSection(&view->lock);
    tray_question **at = &view->questions;
    while (*at)
        at = &(*at)->next;
    *at = asked;
    post(view, TRAY_WM_LOOK);
    LeaveCriticalSection(&view->lock);
    return true;
}

void tray_look(tray *view)
{
    EnterCriticalSection(&view->lock);
    post(view, TRAY_WM_LOOK);
    LeaveCriticalSection(&view->lock);
}

void tray_quit(tray *view)
{
    EnterCriticalSection(&view->lock);
    view->quitting = true;
    post(view, TRAY_WM_LOOK);
    LeaveCriticalSection(&view->lock);
}

tray *tray_new(const tray_host *host)
{
    tray *view = calloc(1, sizeof *view);
    if (!view)
        return NULL;
    view->host = *host;
    view->opened = -1;
    InitializeCriticalSection(&view->lock);
    return view;
}

void tray_free(tray *view)
{
    tray_model_free(view->model);
    free(view->pending);
    DeleteCriticalSection(&view->lock);
    free(view);
}

/* ---- Models ---------------------------------------------------------------------------------- */

static bool is_told(const tray *view, const char *id)
{
    for (unsigned i = 0; i < sizeof view->told / sizeof *view->told; i++)
        if (strncmp(view->told[i], id, sizeof view->told[i] - 1) == 0 && view->told[i][0])
            return true;
    return false;
}

static void remember(tray *view, const char *id)
{
    char *place = view->told[view->told_next++ % (sizeof view->told / sizeof *view->told)];
    strncpy(place, id, sizeof view->told[0] - 1);
}

/* What could not be told stays to be told, when the icon is there. */
static void tell_notices(tray *view)
{
    for (size_t i = 0; view->model && i < view->model->notice_count; i++) {
        const tray_notice *notice = &view->model->notices[i];
        if (is_told(view, notice->id) || !tray_icon_tell(view, notice))
            continue;
        remember(view, notice->id);
        char text[400];
        snprintf(text, sizeof text, "told: %.100s: %.250s", notice->title, notice->text);
        tray_log(view, RJ_LOG_INFO, text);
    }
}

/* Not at once: the menu stays open for as long as the person likes, and this is called by others. */
static void open_if_wished(tray *view)
{
    int64_t wished = view->model->open_menu;
    bool newly = view->opened >= 0 && wished > view->opened;
    view->opened = wished;
    if (newly)
        PostMessageW(view->window, TRAY_WM_OPEN, 0, 0);
}

static void take_model(tray *view)
{
    EnterCriticalSection(&view->lock);
    char *text = view->pending;
    size_t length = view->pending_length;
    view->pending = NULL;
    LeaveCriticalSection(&view->lock);
    if (!text)
        return;
    tray_model *model = tray_model_read(text, length);
    free(text);
    if (!model) {
        tray_log(view, RJ_LOG_ERROR, "the model could not be read; the former one stays");
        return;
    }
    if (view->model != view->menu_model)
        tray_model_free(view->model);
    view->model = model;
    view->env.right_to_left = model->right_to_left;
    tray_icon_update(view);
    progress_update(view);
    tell_notices(view);
    open_if_wished(view);
}

/* ---- Questions and the end ------------------------------------------------------------------- */

static bool is_over(tray *view)
{
    EnterCriticalSection(&view->lock);
    bool over = view->quitting;
    LeaveCriticalSection(&view->lock);
    return over;
}

static void look(tray *view)
{
    if (is_over(view)) {
        EndMenu();
        prompt_withdraw(view);
        PostQuitMessage(0);
        return;
    }
    if (view->asked) {
        if (view->host.is_withdrawn(view->host.data, view->asked->op))
            prompt_withdraw(view);
        return;
    }
    prompt_next(view);
}

static void answer_the_rest(tray *view)
{
    EnterCriticalSection(&view->lock);
    tray_question *at = view->questions;
    view->questions = NULL;
    LeaveCriticalSection(&view->lock);
    while (at) {
        tray_question *next = at->next;
        view->host.answered(view->host.data, at->op, RJ_E_CANCELLED, NULL, "the view has ended");
        tray_prompt_free(at->prompt);
        free(at);
        at = next;
    }
}

/* ---- The window ------------------------------------------------------------------------------ */

static void add_icon(tray *view)
{
    KillTimer(view->window, TIMER_ICON);
    if (!tray_icon_add(view))
        SetTimer(view->window, TIMER_ICON, view->icon_retry_ms, NULL);
    else
        tell_notices(view);
}

/* Asked for by a click of another program's window, so it is the state of the keyboard that counts, and not
 * what our own messages say of it. */
static bool keys_are_held(void)
{
    return GetAsyncKeyState(VK_CONTROL) < 0 && GetAsyncKeyState(VK_SHIFT) < 0;
}

static void open_as_wished(tray *view)
{
    POINT place = tray_icon_place(view);
    tray_menu_open(view, place.x, place.y);
    if (view->model->menu_closed)
        view->host.act(view->host.data, view->model->revision, view->model->menu_closed);
    look(view);
}

static void on_icon(tray *view, WPARAM place, LPARAM what)
{
    switch (LOWORD(what)) {
    case NIN_SELECT:
    case NIN_KEYSELECT:
    case WM_CONTEXTMENU:
        if (keys_are_held() && view->model && view->model->keys && !view->menu_model &&
            view->host.act(view->host.data, view->model->revision, view->model->keys) == RJ_OK)
            return; /* the menu opens with the model that this brings */
        tray_menu_open(view, GET_X_LPARAM(place), GET_Y_LPARAM(place));
        look(view); /* what came while the menu was open */
        return;
    default:
        return;
    }
}

static void on_looks_changed(tray *view, int dpi)
{
    ui_env_read(&view->env, dpi);
    progress_restyle(view);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM w, LPARAM l)
{
    tray *view = (tray *)GetWindowLongPtrW(window, GWLP_USERDATA);
    if (!view)
        return DefWindowProcW(window, message, w, l);
    if (message == taskbar_created && taskbar_created) {
        view->icon_retry_ms = 0;
        add_icon(view);
        return 0;
    }
    switch (message) {
    case TRAY_WM_ICON:
        on_icon(view, w, l);
        return 0;
    case TRAY_WM_MODEL:
        take_model(view);
        return 0;
    case TRAY_WM_LOOK:
        look(view);
        return 0;
    case TRAY_WM_OPEN:
        open_as_wished(view);
        return 0;
    case WM_TIMER:
        if (w == TIMER_ICON)
            add_icon(view);
        return 0;
    case WM_DPICHANGED:
        if (ui_env_is_dpi(LOWORD(w))) {
            on_looks_changed(view, LOWORD(w));
            tray_icon_add(view);
        }
        return 0;
    case WM_SETTINGCHANGE:
    case WM_SYSCOLORCHANGE:
    case WM_THEMECHANGED:
        on_looks_changed(view, view->env.dpi);
        return 0;
    case WM_QUERYENDSESSION:
        return TRUE; /* who runs us knows whether it has to wait, and hears of the end itself */
    case WM_CLOSE:
        return 0; /* the same: without its window the icon would stay and be dead */
    default:
        return DefWindowProcW(window, message, w, l);
    }
}

static bool make_window(tray *view)
{
    WNDCLASSEXW shape = {.cbSize = sizeof shape,
                         .lpfnWndProc = on_message,
                         .hInstance = view->module,
                         .lpszClassName = CLASS_NAME};
    if (!RegisterClassExW(&shape) && GetLastError() != ERROR_CLASS_ALREADY_EXISTS)
        return false;
    /* Top-level and never shown: a message-only window hears no broadcasts. */
    HWND window = CreateWindowExW(WS_EX_TOOLWINDOW, CLASS_NAME, L"RealmJoin", WS_POPUP, 0, 0, 0, 0,
                                  NULL, NULL, view->module, NULL);
    if (!window)
        return false;
    SetWindowLongPtrW(window, GWLP_USERDATA, (LONG_PTR)view);
    EnterCriticalSection(&view->lock);
    view->window = window;
    LeaveCriticalSection(&view->lock);
    return true;
}

static void drop_window(tray *view)
{
    HWND window = view->window;
    tray_icon_remove(view);
    EnterCriticalSection(&view->lock);
    view->window = NULL;
    LeaveCriticalSection(&view->lock);
    DestroyWindow(window);
    UnregisterClassW(CLASS_NAME, view->module);
}

static void serve(tray *view)
{
    MSG message;
    taskbar_created = RegisterWindowMessageW(L"TaskbarCreated");
    ui_env_read(&view->env, (int)GetDpiForWindow(view->window));
    add_icon(view);
    take_model(view);
    look(view);
    while (GetMessageW(&message, NULL, 0, 0) > 0) {
        if (progress_is_dialog_message(view, &message))
            continue;
        TranslateMessage(&message);
        DispatchMessageW(&message);
    }
    progress_close_all(view);
    answer_the_rest(view);
}

static bool has_desktop(void)
{
    USEROBJECTFLAGS flags = {0};
    HWINSTA station = GetProcessWindowStation();
    return station && (!GetUserObjectInformationW(station, UOI_FLAGS, &flags, sizeof flags, NULL) ||
                       (flags.dwFlags & WSF_VISIBLE));
}

rj_status tray_run(tray *view)
{
    INITCOMMONCONTROLSEX controls = {.dwSize = sizeof controls,
                                     .dwICC = ICC_STANDARD_CLASSES | ICC_PROGRESS_CLASS};
    ULONG_PTR cookie = 0;
    if (!has_desktop())
        return RJ_E_NOT_APPLICABLE;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (const wchar_t *)(const void *)&taskbar_created, &view->module))
        return RJ_E_FAILED;
    /* Scale and the look of the controls are this thread's own business: any program may load us. */
    SetThreadDpiAwarenessContext(DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2);
    ACTCTXW wanted = {.cbSize = sizeof wanted,
                      .dwFlags = ACTCTX_FLAG_HMODULE_VALID | ACTCTX_FLAG_RESOURCE_NAME_VALID,
                      .lpResourceName = MAKEINTRESOURCEW(MANIFEST_RESOURCE),
                      .hModule = view->module};
    HANDLE context = CreateActCtxW(&wanted);
    bool active = context != INVALID_HANDLE_VALUE && ActivateActCtx(context, &cookie);
    InitCommonControlsEx(&controls);
    rj_status status = RJ_E_FAILED;
    if (progress_register(view) && make_window(view)) {
        serve(view);
        drop_window(view);
        status = RJ_OK;
    }
    if (active)
        DeactivateActCtx(0, cookie);
    if (context != INVALID_HANDLE_VALUE)
        ReleaseActCtx(context);
    return status;
}
