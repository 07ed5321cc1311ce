<form method="post">
@csrf
<input name="email" value="{{ old('email') }}"><input name="password" value="{{ old('password') }}">
@error('email')<i>{{ $message }}</i>@enderror
@error('code', 'login')<b>{{ $message }}</b>@enderror
@if (session('status'))<p>{{ session('status') }}</p>@endif
<u>{{ $errors->any() ? implode('|', $errors->all()) : 'none' }}</u>
</form>
