/* SPDX-License-Identifier: MIT */
/*
 * Progress windows: one for each job of the model.
 *
 * A window the person waits for comes to the front once; any other never takes the focus and draws
 * attention in the taskbar.  Closed by the person, it stays closed until the job has left the model.
 */
#include "progress_win32.h"

#include <stdlib.h>
#include <string.h>

/* ---- What it shows --------------------------------------------------------------------------- */

static void set_text(HWND control, wchar_t *text)
{
    int length = GetWindowTextLengthW(control);
    wchar_t *shown = malloc(((size_t)length + 1) * sizeof *shown);
    if (shown)
        GetWindowTextW(control, shown, length + 1);
    if (text && shown && wcscmp(shown, text) != 0)
        SetWindowTextW(control, text);
    free(shown);
    free(text);
}

static bool is_over(const tray_job *job)
{
    return job->state != TRAY_WAITING && job->state != TRAY_WORKING;
}

static void set_bar(progress *p, const tray_job *job)
{
    int permille = job->permille;
    HWND bar = p->controls[P_BAR];
    p->without_bar = is_over(job) && job->state != TRAY_DONE && permille < 0;
    if (job->state == TRAY_DONE)
        permille = 1000;
    bool moving = permille < 0 && job->state == TRAY_WORKING && ui_env_may_move(&p->view->env);
    if (moving != p->moving) {
        LONG_PTR style = GetWindowLongPtrW(bar, GWL_STYLE) & ~(LONG_PTR)PBS_MARQUEE;
        SetWindowLongPtrW(bar, GWL_STYLE, moving ? style | PBS_MARQUEE : style);
        SendMessageW(bar, PBM_SETMARQUEE, moving, 40);
        p->moving = moving;
    }
    if (!moving) {
        SendMessageW(bar, PBM_SETSTATE, PBST_NORMAL, 0); /* in another state it does not move */
        SendMessageW(bar, PBM_SETPOS, (WPARAM)(permille < 0 ? 0 : permille), 0);
        SendMessageW(bar, PBM_SETSTATE, job->state == TRAY_FAILED ? PBST_ERROR : PBST_NORMAL, 0);
    }
}

static void set_buttons(progress *p, const tray_job *job)
{
    const tray_model *model = p->view->model;
    bool over = is_over(job);
    set_text(p->controls[P_MORE],
             tray_wide_label(model->words[p->details_open ? TRAY_WORD_HIDE : TRAY_WORD_SHOW]));
    set_text(p->controls[P_COPY], tray_wide_label(model->words[TRAY_WORD_COPY]));
    set_text(p->controls[P_CANCEL], tray_wide_label(model->words[TRAY_WORD_CANCEL]));
    set_text(p->controls[P_DONE], tray_wide_label(model->words[TRAY_WORD_DONE]));
    ShowWindow(p->controls[P_COPY], job->copy ? SW_SHOWNA : SW_HIDE);
    EnableWindow(p->controls[P_MORE], job->details[0] != '\0' || p->details_open);
    EnableWindow(p->controls[P_CANCEL], !over && job->cancel && !p->cancelling);
    EnableWindow(p->controls[P_DONE], over);
    if (over && !p->over) { /* Enter closes it now; what is pressed in mid-typing does nothing */
        SendMessageW(p->window, DM_SETDEFID, P_DONE, 0);
        SendMessageW(p->controls[P_DONE], BM_SETSTYLE, BS_DEFPUSHBUTTON, TRUE);
        if (GetForegroundWindow() == p->window)
            SetFocus(p->controls[P_DONE]);
    }
    p->over = over;
}

static void show_job(progress *p, const tray_job *job)
{
    p->state = job->state;
    set_text(p->controls[P_TEXT], tray_wide(job->text));
    set_text(p->controls[P_STATUS], tray_wide(job->status));
    set_text(p->controls[P_NEXT], tray_wide(job->next));
    details_show(p->controls[P_DETAILS], job->details);
    set_bar(p, job);
    set_buttons(p, job);
    progress_layout(p);
}

static const tray_job *job_of(const tray *view, const char *id)
{
    const tray_model *model = view->model;
    for (size_t i = 0; model && i < model->job_count; i++)
        if (strcmp(model->jobs[i].id, id) == 0)
            return &model->jobs[i];
    return NULL;
}

/* ---- What the person does -------------------------------------------------------------------- */

static rj_status act(const tray *view, const char *action)
{
    return action ? view->host.act(view->host.data, view->model->revision, action)
                  : RJ_E_NOT_APPLICABLE;
}

static void on_close(progress *p)
{
    const tray_job *job = job_of(p->view, p->id);
    p->close_untold = job && act(p->view, job->close) != RJ_OK;
    DestroyWindow(p->window);
}

static void on_command(progress *p, int command)
{
    const tray_job *job = job_of(p->view, p->id);
    if (!job)
        return;
    switch (command) {
    case P_MORE:
        p->details_open = !p->details_open;
        set_buttons(p, job);
        progress_layout(p);
        if (p->details_open)
            details_show_end(p->controls[P_DETAILS]);
        return;
    case P_COPY:
        if (job->copy && !clipboard_put(p->window, job->copy))
            tray_log(p->view, RJ_LOG_WARNING, "the clipboard is in use by another program");
        return;
    case P_CANCEL:
        p->cancelling = act(p->view, job->cancel) == RJ_OK;
        set_buttons(p, job);
        return;
    case P_DONE:
    case IDCANCEL: /* Esc */
        on_close(p);
        return;
    default:
        return;
    }
}

/* ---- Windows --------------------------------------------------------------------------------- */

static LRESULT on_colour(progress *p, UINT message, HDC device, HWND control)
{
    ui_colours colours = ui_env_colours(&p->view->env);
    bool field = control == p->controls[P_DETAILS];
    SetBkMode(device, TRANSPARENT);
    if (colours.system) {
        SetTextColor(device, GetSysColor(COLOR_WINDOWTEXT));
        return (LRESULT)GetSysColorBrush(message == WM_CTLCOLORBTN ? COLOR_3DFACE : COLOR_WINDOW);
    }
    SetTextColor(device, control == p->controls[P_NEXT] ? colours.faint : colours.text);
    return (LRESULT)(field ? p->field_brush : p->back_brush);
}

static void on_erase(progress *p, HDC device)
{
    RECT all, strip;
    GetClientRect(p->window, &all);
    strip = all;
    strip.top = p->strip_top;
    all.bottom = p->strip_top;
    if (ui_env_colours(&p->view->env).system) {
        FillRect(device, &all, GetSysColorBrush(COLOR_WINDOW));
        FillRect(device, &strip, GetSysColorBrush(COLOR_3DFACE));
        strip.bottom = strip.top + 1;
        FillRect(device, &strip, GetSysColorBrush(COLOR_3DLIGHT));
    } else {
        FillRect(device, &all, p->back_brush);
        FillRect(device, &strip, p->back_brush);
    }
}

/* From the system it comes with a proposed place; from another program with anything. */
static void on_dpi(progress *p, int dpi, LPARAM place)
{
    RECT proposed;
    if (!ui_env_is_dpi(dpi))
        return;
    p->view->env.dpi = dpi;
    progress_style(p);
    if (ReadProcessMemory(GetCurrentProcess(), (const void *)place, &proposed, sizeof proposed,
                          NULL))
        SetWindowPos(p->window, NULL, proposed.left, proposed.top, 0, 0,
                     SWP_NOSIZE | SWP_NOZORDER | SWP_NOACTIVATE);
    progress_layout(p);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM w, LPARAM l)
{
    progress *p = (progress *)GetWindowLongPtrW(window, GWLP_USERDATA);
    if (!p)
        return DefDlgProcW(window, message, w, l);
    switch (message) {
    case WM_COMMAND:
        if (HIWORD(w) == BN_CLICKED)
            on_command(p, LOWORD(w));
        return 0;
    case WM_CLOSE:
        on_close(p);
        return 0;
    case WM_CTLCOLORSTATIC:
    case WM_CTLCOLOREDIT:
    case WM_CTLCOLORBTN:
        return on_colour(p, message, (HDC)w, (HWND)l);
    case WM_ERASEBKGND:
        on_erase(p, (HDC)w);
        return 1;
    case WM_DPICHANGED:
        on_dpi(p, LOWORD(w), l);
        return 0;
    case WM_NCDESTROY:
        SetWindowLongPtrW(window, GWLP_USERDATA, 0);
        p->window = NULL;
        return 0;
    default:
        return DefDlgProcW(window, message, w, l);
    }
}

bool progress_register(const tray *view)
{
    WNDCLASSEXW shape = {.cbSize = sizeof shape,
                         .lpfnWndProc = on_message,
                         .cbWndExtra = DLGWINDOWEXTRA, /* Tab, Enter and Esc as in a dialog */
                         .hInstance = view->module,
                         .hCursor = LoadCursorW(NULL, IDC_ARROW),
                         .lpszClassName = PROGRESS_CLASS_NAME};
    return RegisterClassExW(&shape) || GetLastError() == ERROR_CLASS_ALREADY_EXISTS;
}

/* Only what the person asked for may come to the front. */
static void present(const progress *p, bool asked)
{
    ShowWindow(p->window, asked ? SW_SHOWNORMAL : SW_SHOWNOACTIVATE);
    if (asked && SetForegroundWindow(p->window))
        return;
    FLASHWINFO flash = {.cbSize = sizeof flash,
                        .hwnd = p->window,
                        .dwFlags = FLASHW_TRAY | FLASHW_TIMERNOFG,
                        .uCount = 3};
    FlashWindowEx(&flash);
}

static void open_window(tray *view, const tray_job *job)
{
    progress *p = calloc(1, sizeof *p);
    if (!p)
        return;
    p->view = view;
    strncpy(p->id, job->id, sizeof p->id - 1);
    if (!progress_create(p)) {
        free(p);
        tray_log(view, RJ_LOG_WARNING, "a progress window could not be opened");
        return;
    }
    SetWindowLongPtrW(p->window, GWLP_USERDATA, (LONG_PTR)p);
    p->next = view->jobs;
    view->jobs = p;
    progress_style(p);
    show_job(p, job);
    progress_place(p);
    present(p, job->asked);
}

static void free_progress(progress *p)
{
    if (p->window)
        DestroyWindow(p->window);
    progress_drop_style(p);
    free(p);
}

void progress_update(tray *view)
{
    for (progress **at = &view->jobs; *at;) {
        progress *p = *at;
        const tray_job *job = job_of(view, p->id);
        if (!job) {
            *at = p->next;
            free_progress(p);
            continue;
        }
        if (p->window)
            show_job(p, job);
        else if (p->close_untold)
            p->close_untold = act(view, job->close) != RJ_OK;
        at = &p->next;
    }
    for (size_t i = 0; i < view->model->job_count; i++) {
        const progress *p = view->jobs;
        while (p && strcmp(p->id, view->model->jobs[i].id) != 0)
            p = p->next;
        if (!p)
            open_window(view, &view->model->jobs[i]);
    }
}

void progress_restyle(tray *view)
{
    for (progress *p = view->jobs; p; p = p->next) {
        const tray_job *job = job_of(view, p->id);
        if (!p->window || !job)
            continue;
        progress_style(p);
        show_job(p, job);
        InvalidateRect(p->window, NULL, TRUE);
    }
}

void progress_close_all(tray *view)
{
    while (view->jobs) {
        progress *p = view->jobs;
        view->jobs = p->next;
        free_progress(p);
    }
}

bool progress_is_dialog_message(const tray *view, MSG *message)
{
    for (const progress *p = view->jobs; p; p = p->next)
        if (p->window && IsDialogMessageW(p->window, message))
            return true;
    return false;
}
