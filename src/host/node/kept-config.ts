import type { LoadedConfig } from '../../config/node/index.ts';
import type { AppError, Issue } from '../../kernel/index.ts';

/**
 * What keeps a configuration that was read again from being used: files that broke or were deleted since the last good
 * one. Of a file that was broken before there is no good state to keep; its own issue says so.
 */
export function newlyBroken(last: LoadedConfig, loaded: LoadedConfig): readonly Issue[] {
  const present = filesOf(loaded);
  const before = last.brokenFiles.map(({ file }) => file);
  const gone = filesOf(last).filter((file) => !present.includes(file) && !before.includes(file));
  return [...loaded.brokenFiles.filter(({ file }) => !before.includes(file)), ...gone.map(deletedIssue)];
}

/** An error as one of the issues that are shown while the host goes on. */
export function issueOf({ code, message, hint, where }: AppError): Issue {
  return {
    ...{ code, severity: 'error', message },
    ...(hint === undefined ? {} : { hint }),
    ...(where === undefined ? {} : { file: where }),
  };
}

export function keptIssue(issue: Issue): Issue {
  return { ...issue, message: `${issue.message}; the last good configuration stays in force` };
}

function deletedIssue(file: string): Issue {
  return {
    code: 'CONFIG_UNREADABLE',
    severity: 'error',
    message: 'the file was deleted',
    hint: 'put it back, or restart Plugboard to go on without it',
    file,
  };
}

/** The files that were there and were read. */
function filesOf(loaded: LoadedConfig): readonly string[] {
  return loaded.layers.flatMap(({ file }) => (file === null ? [] : [file]));
}
