#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-documents.sh
#
# What the documents point to is there: tests by their short names (doc/behaviour.md explains them), functions, files and
# neighbouring documents. Each configuration key and each verb of distroctl stands in the index of doc/behaviour.md, with
# rows that exist. Lines of text, other than those of tables and examples, have at most 125 columns.

set -euo pipefail

if ! command -v perl >/dev/null; then
        echo 'SKIP: there is no perl'
        exit 77
fi
cd "${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}"

exec perl -CSDA - <<'END'
use strict;
use warnings;
use utf8;
use File::Find;

# What belongs to others.
my %foreign = map { $_ => 1 } qw(ASSERT);

sub slurp {
        my ($file) = @_;
        open(my $f, '<', $file) or die "$file: $!\n";
        local $/;
        return <$f>;
}

my ($n_right, @wrong) = (0);
sub demand {
        my ($right, $words) = @_;
        if ($right) { $n_right++ } else { push @wrong, $words }
}

# Words of the sources, and where a function's body begins.
my (%word, %defined_in, %sources);
find({ no_chdir => 1, wanted => sub {
        return unless /\.(?:c|h|sh)$/;
        my $text = slurp($_);
        $word{$_} = 1 for $text =~ /\b([A-Za-z_]\w+)\b/g;
        $sources{$_} = $text;
        return unless /\.c$/;
        my $file = s{.*/}{}r;
        $defined_in{$1}{$file} = 1 while $text =~ /^\w[^;\n]*?\b(\w+)\((?:[^;{}]*)\)\n?\s*\{/mg;
} }, 'src', 'tests');

# "u:PROGRAM/TEST": the test of that program, which has to be in its list.
sub test_exists {
        my ($kind, $name) = @_;
        return index(slurp('tests/golden/local.mk'), "tests/golden/$name.script") >= 0 && -e "tests/golden/$name.script"
                if $kind eq 'g';
        return -e "tests/cluster/$name.sh" if $kind eq 'c';
        return -e "tests/sim/check-$name.c" if $kind eq 's';
        my ($program, $test) = split m{/}, $name;
        return -e "tests/unit/test-$program.sh" unless defined $test;
        my $text = $sources{"tests/unit/test-$program.c"} // return 0;
        return $text =~ /^static void test_\Q$test\E\(void \*\*state\)/m && $text =~ /\(test_\Q$test\E[,)]/;
}

# A file or folder; a program or an object stands for its source, "*" for anything.
sub file_exists {
        my ($path) = @_;
        return 1 if -e $path || -e "$path.c" || -e "$path.in";
        return scalar(grep { -e } glob($path)) > 0 if $path =~ /\*/;
        return 0;
}

for my $document (glob('doc/*.md'), 'README.md') {
        my $text = slurp($document);
        my $example = 0;
        my $number = 0;

        for my $line (split /\n/, $text) {
                $number++;
                my $at = "$document:$number";
                $example = !$example if $line =~ /^\s*```/;
                next if $example;
                demand($line =~ /^\s*\|/ || $line =~ /^!\[/ || length($line) <= 125, "$at: more than 125 columns");
                while ($line =~ m{\b([gcsu]):([a-z][\w-]*(?:/\w+)?)}g) {
                        my ($kind, $name) = ($1, $2);
                        demand(test_exists($kind, $name), "$at: there is no test $kind:$name");
                }
                while ($line =~ /`(\w+)\(\)`/g) {
                        demand($foreign{$1} || $word{$1}, "$at: nothing is called $1()");
                }
                while ($line =~ m{`((?:src|tests|tools|units|examples|dbus|man|debian|doc)/[\w./*-]+)`}g) {
                        my $path = $1;
                        demand($path =~ /[A-Z]{3}/ || file_exists($path), "$at: there is no $path");
                }
                while ($line =~ /\]\(([^)#:]+)(?:#[^)]*)?\)/g) {
                        my $target = $1;
                        $target = "doc/$target" if $document =~ m{^doc/};
                        demand(-e $target, "$at: there is no $target");
                }
        }
}

# Where a rule stands: "FILE.c `f()`" means that f is in it; further functions may be anywhere.
for my $document ('doc/behaviour.md', 'doc/architecture.md') {
        my $number = 0;
        for my $line (split /\n/, slurp($document)) {
                $number++;
                next unless $line =~ /^\|/;
                while ($line =~ m{((?:[\w/-]+\.c(?:, )?)+) `(\w+)\(\)`}g) {
                        my ($files, $function) = ($1, $2);
                        my @files = map { s{.*/}{}r } split /, /, $files;
                        demand(scalar(grep { $defined_in{$function}{$_} } @files),
                                "$document:$number: $function() is not in " . join(' or ', @files));
                }
        }
}

# The index: keys and verbs as the program has them.
my $behaviour = slurp('doc/behaviour.md');
my %row;
$row{$_}++ for $behaviour =~ /^\| (\d+\.\d+[a-z]?) \|/mg;
demand($row{$_} == 1, "doc/behaviour.md: the number $_ stands $row{$_} times") for sort keys %row;
my ($index) = $behaviour =~ /^## Where to look\n(.*?)^## /ms;
die "doc/behaviour.md has no index\n" unless $index;
my %indexed;
for (grep { /^\|/ } split /\n/, $index) {
        my (undef, $what, $rows) = split /\s*\|\s*/;
        $indexed{$_} = 1 for $what =~ /`([^`]+)`/g;
        demand($row{$_}, "doc/behaviour.md: the index points to row $_") for $rows =~ /(?<![\w.])(\d+\.\d+[a-z]?)\b/g;
}
my @keys = ((slurp('src/config/application-keys.c') . slurp('src/config/manager-config.c')) =~ /^        \{ "([A-Z]\w+)", /mg);
my @verbs = slurp('src/ctl/verbs.c') =~ /^        \{ "([a-z-]+)",/mg;
die "no keys, or no verbs, are found any more; correct this test\n" if @keys < 10 || @verbs < 10;
demand($indexed{"$_="}, "doc/behaviour.md: the index lacks the key $_=") for @keys;
my %looking = map { $_ => 1 } qw(list-applications list-nodes show watch cat verify timing simulate);
demand($looking{$_} || $indexed{$_}, "doc/behaviour.md: the index lacks the verb $_") for @verbs;

print "$_\n" for @wrong;
printf "%d passed, %d failed\n", $n_right, scalar @wrong;
exit(@wrong ? 1 : 0);
END
