/* SPDX-License-Identifier: MIT */
/*
 * Prompts: one after the other, as a task dialog with a button for each choice; where there are no task
 * dialogs, as a message box whose text says what its buttons mean.
 */
#include "tray_win32.h"

#include <commctrl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUTTON 100
#define CHOICES_MAX 8u

typedef HRESULT(WINAPI *task_dialog)(const TASKDIALOGCONFIG *, int *, int *, BOOL *);

static HRESULT CALLBACK on_dialog(HWND window, UINT what, WPARAM w, LPARAM l, LONG_PTR data)
{
    tray *view = (tray *)data;
    (void)w;
    (void)l;
    if (what == TDN_CREATED) {
        view->dialog = window;
        PostMessageW(view->window, TRAY_WM_LOOK, 0, 0); /* withdrawn meanwhile? */
    } else if (what == TDN_DESTROYED) {
        view->dialog = NULL;
    }
    return S_OK;
}

/* The number of the choice; -1: closed. */
static int ask_by_task_dialog(tray *view, const tray_prompt *prompt, task_dialog show)
{
    TASKDIALOG_BUTTON buttons[CHOICES_MAX];
    wchar_t *texts[CHOICES_MAX] = {NULL};
    size_t count = prompt->choice_count < CHOICES_MAX ? prompt->choice_count : CHOICES_MAX;
    wchar_t *title = tray_wide(prompt->title), *text = tray_wide(prompt->text);
    wchar_t *details = tray_wide(prompt->details);
    TASKDIALOGCONFIG config = {.cbSize = sizeof config,
                               .hInstance = view->module,
                               .dwFlags = TDF_SIZE_TO_CONTENT | TDF_ALLOW_DIALOG_CANCELLATION,
                               .pszWindowTitle = L"RealmJoin",
                               .pszMainInstruction = title,
                               .pszContent = text,
                               .pszExpandedInformation = details && details[0] ? details : NULL,
                               .pButtons = buttons,
                               .cButtons = (UINT)count,
                               .pfCallback = on_dialog,
                               .lpCallbackData = (LONG_PTR)view};
    config.pszMainIcon = MAKEINTRESOURCEW(1);
    if (view->env.right_to_left)
        config.dwFlags |= TDF_RTL_LAYOUT;
    bool ready = title && text;
    for (size_t i = 0; i < count; i++) {
        texts[i] = tray_wide_label(prompt->choices[i].text);
        ready = ready && texts[i];
        buttons[i] = (TASKDIALOG_BUTTON){FIRST_BUTTON + (int)i, texts[i]};
        if (prompt->choices[i].preferred)
            config.nDefaultButton = FIRST_BUTTON + (int)i;
    }
    int chosen = 0;
    if (ready && show(&config, &chosen, NULL, NULL) != S_OK)
        chosen = 0;
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(title);
    free(text);
    free(details);
    return chosen >= FIRST_BUTTON ? chosen - FIRST_BUTTON : -1;
}

/* "Yes: ...", "No: ...", and closing for what is left. */
static int ask_by_message_box(const tray *view, const tray_prompt *prompt)
{
    static const char *const names[] = {"OK", "OK / Cancel"};
    bool two = prompt->choice_count > 1;
    const char *second = two ? prompt->choices[1].text : "";
    size_t size = strlen(prompt->text) + strlen(prompt->choices[0].text) + strlen(second) + 64;
    char *text = malloc(size);
    if (!text)
        return -1;
    snprintf(text, size, "%s\n\n%s: %s%s%s", prompt->text, names[two], prompt->choices[0].text,
             two ? " / " : "", second);
    wchar_t *wide = tray_wide(text), *title = tray_wide(prompt->title);
    int chosen = wide && title ? MessageBoxW(view->window, wide, title,
                                             (two ? MB_OKCANCEL : MB_OK) | MB_ICONQUESTION)
                               : 0;
    free(wide);
    free(title);
    free(text);
    return chosen == IDOK ? 0 : -1;
}

static int ask(tray *view, const tray_prompt *prompt)
{
    HMODULE controls = GetModuleHandleW(L"comctl32.dll");
    FARPROC found = controls ? GetProcAddress(controls, "TaskDialogIndirect") : NULL;
    task_dialog show = NULL;
    memcpy(&show, &found, sizeof show);
    return show ? ask_by_task_dialog(view, prompt, show) : ask_by_message_box(view, prompt);
}

static void answer(tray *view, const tray_question *question, int choice)
{
    const tray_prompt *prompt = question->prompt;
    if (view->host.is_withdrawn(view->host.data, question->op))
        view->host.answered(view->host.data, question->op, RJ_E_CANCELLED, NULL,
                            "the question was withdrawn");
    else if (choice >= 0)
        view->host.answered(view->host.data, question->op, RJ_OK, prompt->choices[choice].answer,
                            NULL);
    else if (prompt->closing[0])
        view->host.answered(view->host.data, question->op, RJ_OK, prompt->closing, NULL);
    else
        view->host.answered(view->host.data, question->op, RJ_E_CANCELLED, NULL,
                            "the question was closed without an answer");
}

static tray_question *take(tray *view)
{
    EnterCriticalSection(&view->lock);
    tray_question *first = view->quitting ? NULL : view->questions;
    if (first)
        view->questions = first->next;
    LeaveCriticalSection(&view->lock);
    return first;
}

void prompt_next(tray *view)
{
    tray_question *question;
    while (!view->asked && (question = take(view))) {
        view->asked = question;
        if (!question->prompt)
            view->host.answered(view->host.data, question->op, RJ_E_INVALID, NULL,
                                "the question has no choices or is no JSON");
        else if (view->host.is_withdrawn(view->host.data, question->op))
            answer(view, question, -1);
        else
            answer(view, question, ask(view, question->prompt));
        view->asked = NULL;
        tray_prompt_free(question->prompt);
        free(question);
    }
}

void prompt_withdraw(tray *view)
{
    if (view->dialog)
        SendMessageW(view->dialog, TDM_CLICK_BUTTON, IDCANCEL, 0);
}
